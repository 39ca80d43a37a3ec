/** What pino's error serializer wrote, in the terms of the semantic conventions. */
export interface ExceptionFields {
  readonly type: string | undefined
  readonly message: string | undefined
  /** Stack trace, those of the causes included. */
  readonly stacktrace: string | undefined
  /** What else the error carried (`code`, `statusCode`, `aggregateErrors`); undefined where there is nothing. */
  readonly rest: Readonly<Record<string, unknown>> | undefined
}

/**
 * Reads the error field of a log line; undefined where it holds no error.
 *
 * The type is the class of the error (`TypeError`); pino puts the messages and stacks of its causes into `message` and
 * `stack`. A plain string counts as the message. Source: OpenTelemetry semantic conventions, exceptions in logs.
 */
export function readException(value: unknown): ExceptionFields | undefined {
  if (typeof value === 'string') return { type: undefined, message: value, stacktrace: undefined, rest: undefined }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
  const { type, name, message, stack, ...others } = value as Readonly<Record<string, unknown>>
  if (typeof message !== 'string' && typeof stack !== 'string') return undefined
  const rest = typeof type === 'string' && name !== undefined && name !== type ? { name, ...others } : others
  return {
    type: text(type) ?? text(name),
    message: text(message),
    stacktrace: text(stack),
    rest: Object.keys(rest).length > 0 ? rest : undefined,
  }
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}
