import type { IncomingMessage } from 'node:http'
import type { Request as ExpressRequest } from 'express'
import type { FastifyRequest } from 'fastify'
import type { Context } from 'hono'
import { describe, expectTypeOf, it } from 'vitest'
import type { Tenant } from '../../src/index.ts'
import {
  type Authenticated,
  authkit,
  type AuthenticationError,
  type AuthenticationErrorCode,
  type Claims,
  isAuthenticationError,
} from '../../src/integrations/authkit.ts'
import { expressTelemetry } from '../../src/integrations/express.ts'
import type { fastifyTelemetry } from '../../src/integrations/fastify.ts'
import { honoTelemetry } from '../../src/integrations/hono.ts'

const auth = authkit({ clientId: 'client_1' })

describe('authkit', () => {
  it('takes the requests of Node, fetch, fastify, express, hono and the MCP SDK', () => {
    expectTypeOf(auth.tenant).toBeCallableWith({} as IncomingMessage)
    expectTypeOf(auth.tenant).toBeCallableWith({} as Request)
    expectTypeOf(auth.tenant).toBeCallableWith({} as FastifyRequest)
    expectTypeOf(auth.tenant).toBeCallableWith({} as ExpressRequest)
    expectTypeOf(auth.tenant).toBeCallableWith({} as Context)
    expectTypeOf(auth.tenant).toBeCallableWith({ headers: new Headers() })
    const headers: Record<string, string | string[] | undefined> = {}
    expectTypeOf(auth.tenant).toBeCallableWith({ headers })
    // @ts-expect-error a token is verified by verify()
    void auth.tenant('eyJhbGciOi')
    // @ts-expect-error headers alone are no request
    void auth.tenant(new Headers())
  })

  it('is the tenant option of the integrations', () => {
    expressTelemetry({ tenant: auth.tenant })
    honoTelemetry({ tenant: auth.tenant })
    expectTypeOf<{ tenant: typeof auth.tenant }>().toExtend<Parameters<typeof fastifyTelemetry>[1]>()
  })

  it('gives a tenant, and claims that have to be looked into', () => {
    expectTypeOf(auth.verify).returns.resolves.toEqualTypeOf<Authenticated>()
    expectTypeOf(auth.tenant).returns.resolves.toEqualTypeOf<Tenant>()
    expectTypeOf<Authenticated['claims']>().toEqualTypeOf<Claims>()
    expectTypeOf<Claims['org_id']>().toBeUnknown()
    const claims = {} as Claims
    // @ts-expect-error claims are read-only
    claims.sub = 'somebody else'
  })

  it('takes its options and no others', () => {
    authkit({ clientId: 'client_1', claims: { 'user.email': false, 'user.role': ({ role }) => String(role) } })
    // @ts-expect-error no such option
    authkit({ clientId: 'client_1', audiences: ['https://api.test'] })
    // @ts-expect-error an attribute is text
    authkit({ clientId: 'client_1', claims: { 'user.admin': () => true } })
    // @ts-expect-error a tenant is not waited for
    authkit({ clientId: 'client_1', claims: { 'tenant.id': async () => 'acme' } })
  })
})

describe('AuthenticationError', () => {
  it('has a code of a closed union and a status of two', () => {
    const thrown: unknown = undefined
    if (isAuthenticationError(thrown)) {
      expectTypeOf(thrown).toEqualTypeOf<AuthenticationError>()
      expectTypeOf(thrown.code).toEqualTypeOf<AuthenticationErrorCode>()
      expectTypeOf(thrown.statusCode).toEqualTypeOf<401 | 503>()
    }
    expectTypeOf<AuthenticationErrorCode>().not.toEqualTypeOf<string>()
  })
})
