import { authkit, type Authkit } from 'signalbox/authkit'
import { required } from './settings.ts'

/** Access tokens of AuthKit, with e-mail and WorkOS user id put in by its JWT template. */
export const auth: Authkit = authkit({
  jwksUrl: required('AUTHKIT_JWKS_URL'),
  issuers: [required('AUTHKIT_ISSUER')],
  claims: {
    'tenant.id': 'org_id',
    'user.id': 'sub',
    'user.email': 'email',
    'workos.user.id': 'workos_user_id',
  },
})
