import type { Span } from '@opentelemetry/api'
import { diagnostics } from '../../diagnostics.ts'
import { createRedactor, type Redactor } from '../../logging/redact.ts'
import { isRecord, type Message, paramsOf } from './sdk.ts'
import type { Settings } from './wire.ts'

let redact: Redactor | undefined

/** Puts the arguments of a tool call on its span, if that was asked for. */
export function recordArguments(span: Span, request: Message, settings: Settings): void {
  if (!settings.recordArguments || request['method'] !== 'tools/call' || !span.isRecording()) return
  set(span, 'gen_ai.tool.call.arguments', paramsOf(request)['arguments'] ?? {}, settings)
}

/** Puts what a tool answered on its span, if that was asked for: its structured content, else its content. */
export function recordResult(span: Span, method: string, response: Message, settings: Settings): void {
  const result = response['result']
  if (!settings.recordResults || method !== 'tools/call' || !span.isRecording() || !isRecord(result)) return
  set(span, 'gen_ai.tool.call.result', result['structuredContent'] ?? result['content'], settings)
}

/** As JSON text, secrets censored by name, cut to a number of bytes. What JSON cannot say is left out and counted. */
function set(span: Span, key: string, value: unknown, settings: Settings): void {
  try {
    const json = JSON.stringify(value) as string | undefined
    if (json === undefined) return
    redact ??= createRedactor()
    span.setAttribute(key, cut(redact(json), settings.maxRecordedBytes))
  } catch {
    diagnostics.count('mcp_content_not_recorded')
  }
}

function cut(text: string, maxBytes: number): string {
  if (text.length * 3 <= maxBytes) return text
  const bytes = Buffer.from(text)
  // In stream mode the decoder keeps back the bytes of a character that is not whole.
  return bytes.length <= maxBytes ? text : new TextDecoder().decode(bytes.subarray(0, maxBytes), { stream: true })
}
