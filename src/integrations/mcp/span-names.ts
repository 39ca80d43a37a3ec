import type { RequestInfo } from './request-info.ts'
import { specificationMethods } from './request-info.ts'
import type { Peer } from './peer.ts'

/** The name of a span for a method that nobody handles. */
const unknownMethod = 'MCP'

/** Names that a server of this process has answered to; past so many, a name is known at the span's end only. */
const answered = new Set<string>()
const maxAnswered = 1_000

/**
 * The name a server's span starts under: what a caller makes up must not become one.
 *
 * A tool's or prompt's name is part of it where the server has registered it or has answered a request for it before,
 * a method where it is of the specification or has a handler.
 */
export function trustedName(request: { readonly method: string }, info: RequestInfo, peer: Peer): string {
  if (answered.has(info.name)) return info.name
  if (info.target !== undefined) return peer.has(request.method, info.target) ? info.name : request.method
  return specificationMethods.has(request.method) || peer.has(request.method, undefined) ? info.name : unknownMethod
}

/** Takes a request's name for trusted: the server has answered it without an error. */
export function trustName(name: string): void {
  if (answered.size < maxAnswered) answered.add(name)
}
