import type { OtlpOutcome } from '../../backends/backend.ts'
import { isHtmlPage } from '../../backends/parts/html-page.ts'
import type { SentSignal } from './endpoints.ts'
import type { Seen } from './watch-answers.ts'

/** All that is known of one attempt to deliver a test item. */
export interface Evidence {
  readonly type: string
  readonly signal: SentSignal
  readonly url: URL
  readonly outcome: OtlpOutcome
  readonly seen: Seen
  readonly timeoutMs: number
  readonly nowMs: number
  /** Where the address, the credentials and the deadline stand, or could. */
  readonly places: {
    readonly endpoint: string
    readonly credentials: string
    readonly timeout: string
    readonly ca: string
  }
  /** A text without credentials. */
  hide(text: string): string
  /** A variable that names a proxy. */
  readonly proxyVariable: string | undefined
}

/** A symptom, its cause, and the fix. */
export interface Diagnosis {
  readonly code: string
  when(evidence: Evidence): boolean
  cause(evidence: Evidence): string
  fix(evidence: Evidence): string
}

export const statusOf = ({ seen }: Evidence): number => seen.status ?? 0

export const saidBy = ({ outcome }: Evidence): string =>
  'message' in outcome && outcome.message !== undefined ? outcome.message : ''

export const isHtml = ({ seen }: Evidence): boolean => isHtmlPage(seen.start, seen.headers.get('content-type'))
