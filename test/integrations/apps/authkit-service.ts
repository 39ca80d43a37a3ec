// A service on plain node:http: it lets in who has a good token, and logs a refusal as the error that it is.
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { trace } from '@opentelemetry/api'
import { logger, setTenant } from '../../../src/index.ts'
import { authkit, isAuthenticationError } from '../../../src/integrations/authkit.ts'

const auth = authkit({
  jwksUrl: process.env['JWKS_URL'] ?? '',
  issuers: [process.env['ISSUER'] ?? ''],
  jwksTimeoutMs: 2_000,
  claims: {
    'plan.name': ({ plan }) => {
      if (plan === undefined) return undefined
      throw new Error(`there is no plan ${JSON.stringify(plan)}`)
    },
  },
})

const server = createServer((request, response) => {
  auth.authenticate(request).then(
    ({ tenant }) => {
      setTenant(tenant)
      logger.info('let in')
      response.end(JSON.stringify(tenant))
    },
    (error: unknown) => {
      if (!isAuthenticationError(error)) throw error
      trace.getActiveSpan()?.recordException(error)
      logger.warn({ err: error, refusal: error, 'error.type': error.code }, 'refused')
      response.writeHead(error.statusCode, error.headers).end(JSON.stringify({ error: error.code }))
    },
  )
})
server.listen(0, '127.0.0.1')
await once(server, 'listening')
console.log(`listening ${(server.address() as AddressInfo).port}`)
