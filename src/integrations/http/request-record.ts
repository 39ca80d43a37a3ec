import { logger as defaultLogger } from '../../logging/logger.ts'
import { describe } from '../common/failure.ts'
import type { RequestLogger } from './options.ts'

/** A request whose response has ended, or will never. */
export interface EndedRequest {
  readonly method: string
  /** The path as it was asked for. */
  readonly path: string
  readonly route: string | undefined
  /** Undefined where no response was begun. */
  readonly statusCode: number | undefined
  /** Whether all of the response was sent. */
  readonly isComplete: boolean
  readonly durationS: number
  readonly errorType: string | undefined
  /** What the request failed with; undefined where it did not fail. */
  readonly error: unknown
}

/**
 * Writes the one log record of a request: its names are those of the HTTP semantic conventions.
 *
 * Level error where the service failed, warn where the caller did or has gone, info otherwise.
 */
export function writeRequestRecord(ended: EndedRequest, logger: RequestLogger = defaultLogger): void {
  const { method, path, route, statusCode, isComplete, errorType, error } = ended
  const fields: Record<string, unknown> = { 'http.request.method': method }
  if (route !== undefined) fields['http.route'] = route
  fields['url.path'] = path
  if (statusCode !== undefined) fields['http.response.status_code'] = statusCode
  fields['http.server.request.duration'] = ended.durationS
  if (errorType !== undefined) fields['error.type'] = errorType
  if (error !== undefined) fields['err'] = describe(error)
  const message = `${method} ${route ?? path} ${isComplete ? statusCode : 'aborted'}`
  if (error !== undefined || (isComplete && (statusCode ?? 0) >= 500)) logger.error(fields, message)
  else if (!isComplete || (statusCode ?? 0) >= 400) logger.warn(fields, message)
  else logger.info(fields, message)
}
