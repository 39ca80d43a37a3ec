import type { IncomingHttpHeaders } from 'node:http'
import { AuthenticationError } from './authentication-error.ts'

/** Headers of fetch, of this realm or of any library. */
interface HeadersLike {
  get(name: string): string | null
}

/** What has the headers of a request: one of Node, fastify, express or fetch, or a hono context. */
export type RequestWithHeaders =
  | { readonly headers: IncomingHttpHeaders | HeadersLike | { readonly [name: string]: string | string[] | undefined } }
  | { readonly req: { readonly raw: { readonly headers: HeadersLike } } }

interface Any {
  readonly headers?: { readonly get?: unknown; readonly authorization?: unknown } | null
  readonly raw?: { readonly headersDistinct?: { readonly authorization?: readonly string[] } }
  readonly req?: { readonly raw?: { readonly headers?: Any['headers'] } }
  readonly headersDistinct?: { readonly authorization?: readonly string[] }
}

/** RFC 6750 §2.1 and the `b64token` of RFC 9110 §11.2; the scheme in any case. */
const bearer = /^bearer +([\w.~+/-]+=*)$/i

/**
 * The bearer token of a request.
 *
 * @throws AuthenticationError `token_missing`, or `token_malformed` for another scheme, more than one header, or
 * rubbish.
 */
export function bearerToken(request: RequestWithHeaders, resourceMetadataUrl: string | undefined): string {
  const given = authorizationOf(request)
  if (given.length === 0) throw new AuthenticationError('token_missing', resourceMetadataUrl)
  const token = given.length > 1 ? undefined : bearer.exec(given[0] as string)?.[1]
  if (token === undefined) throw new AuthenticationError('token_malformed', resourceMetadataUrl)
  return token
}

/**
 * Every `Authorization` header there is. Node's `headers` show the first of several; what stands before it may have
 * looked at another one.
 */
function authorizationOf(request: Any | undefined): readonly string[] {
  const distinct = (request?.raw ?? request)?.headersDistinct?.authorization
  if (distinct !== undefined && distinct.length > 1) return distinct
  const headers = request?.headers ?? request?.req?.raw?.headers
  const given =
    typeof headers?.get === 'function' ? (headers as HeadersLike).get('authorization') : headers?.authorization
  return [given].flat().filter((each) => typeof each === 'string' && each !== '') as string[]
}
