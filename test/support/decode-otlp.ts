import { createRequire } from 'node:module'

interface Message {
  decode(bytes: Uint8Array): unknown
  toObject(message: unknown, options: object): unknown
}

const root = createRequire(import.meta.url)('otlp-decoder/build/src/generated/root.js') as {
  opentelemetry: {
    proto: { collector: { trace: { v1: Record<string, Message> }; logs: { v1: Record<string, Message> } } }
  }
}
const { trace, logs } = root.opentelemetry.proto.collector

/** Every field with its default where it was not sent; numbers of 64 bits as texts, bytes in base64. */
const options = { longs: String, bytes: String, defaults: true, arrays: true, objects: true, oneofs: true }

/** An `ExportTraceServiceRequest` as the official generated classes read it, whole. */
export function decodeTraces(bytes: Uint8Array): unknown {
  const message = trace.v1['ExportTraceServiceRequest'] as Message
  return message.toObject(message.decode(bytes), options)
}

/** An `ExportLogsServiceRequest` as the official generated classes read it, whole. */
export function decodeLogs(bytes: Uint8Array): unknown {
  const message = logs.v1['ExportLogsServiceRequest'] as Message
  return message.toObject(message.decode(bytes), options)
}
