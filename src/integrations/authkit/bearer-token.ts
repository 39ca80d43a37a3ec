import type { IncomingHttpHeaders } from 'node:http'
import { AuthenticationError } from './authentication-error.ts'

/** What has the headers of a request: one of Node, fastify, express or fetch, or a hono context. */
export type RequestWithHeaders =
  | { readonly headers: IncomingHttpHeaders | Headers }
  | { readonly req: { readonly raw: { readonly headers: Headers } } }

interface Distinct {
  readonly headersDistinct?: { readonly authorization?: readonly string[] | undefined }
}

/** RFC 6750 §2.1 and the `b64token` of RFC 9110 §11.2; the scheme in any case. */
const bearer = /^bearer +([\w.~+/-]+=*)$/i

/** Longest header that is looked at: tokens of AuthKit have about 1,000 characters. */
const maxLength = 16_384

/**
 * The bearer token of a request.
 *
 * @throws AuthenticationError `token_missing`, or `token_malformed` for another scheme, more than one header, or rubbish.
 */
export function bearerToken(request: RequestWithHeaders, resourceMetadataUrl: string | undefined): string {
  const headers = 'headers' in request ? request.headers : request.req.raw.headers
  const given = headers instanceof Headers ? headers.get('authorization') : headers.authorization
  if (given === undefined || given === null || given === '')
    throw new AuthenticationError('token_missing', resourceMetadataUrl)
  const token = given.length > maxLength ? undefined : bearer.exec(given)?.[1]
  if (token === undefined || isRepeated(request)) throw new AuthenticationError('token_malformed', resourceMetadataUrl)
  return token
}

/** Node shows the first of several `Authorization` headers; what stands before it may have looked at another one. */
function isRepeated(request: RequestWithHeaders): boolean {
  const { raw = request } = request as { readonly raw?: object }
  const { headersDistinct } = raw as Distinct
  return (headersDistinct?.authorization?.length ?? 0) > 1
}
