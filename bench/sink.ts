// The receiver of a benchmark, in a process of its own: keeps bodies, and counts what is in them only when asked.
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gunzipSync } from 'node:zlib'
import root from 'otlp-decoder/build/src/generated/root.js'

interface Counted {
  readonly resourceSpans?: readonly { readonly scopeSpans: readonly { readonly spans: readonly unknown[] }[] }[]
  readonly resourceLogs?: readonly { readonly scopeLogs: readonly { readonly logRecords: readonly unknown[] }[] }[]
}
interface Decoder {
  decode(bytes: Uint8Array): Counted
}
type Collector = Record<'trace' | 'logs', { v1: Record<string, Decoder> }>

const collector = (root as unknown as { opentelemetry: { proto: { collector: Collector } } }).opentelemetry.proto
  .collector
const traces = collector.trace.v1['ExportTraceServiceRequest'] as Decoder
const logs = collector.logs.v1['ExportLogsServiceRequest'] as Decoder

let bodies: { readonly path: string; readonly bytes: Buffer }[] = []

function itemsIn({ path, bytes }: (typeof bodies)[number]): number {
  const plain = bytes[0] === 0x1f && bytes[1] === 0x8b ? gunzipSync(bytes) : bytes
  const decoded = (path.endsWith('/v1/traces') ? traces : logs).decode(plain)
  const spans = (decoded.resourceSpans ?? []).flatMap(({ scopeSpans }) =>
    scopeSpans.map(({ spans: ended }) => ended.length),
  )
  const records = (decoded.resourceLogs ?? []).flatMap(({ scopeLogs }) =>
    scopeLogs.map(({ logRecords }) => logRecords.length),
  )
  return [...spans, ...records].reduce((sum, count) => sum + count, 0)
}

async function read(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}

const server = createServer((request, response) => {
  void read(request).then((bytes) => {
    if (request.method === 'GET') {
      const answer = { items: bodies.reduce((sum, body) => sum + itemsIn(body), 0), requests: bodies.length }
      bodies = []
      return response.end(JSON.stringify(answer))
    }
    // Whoever asks there waits for ever.
    if (request.url?.startsWith('/hang') === true) return undefined
    bodies.push({ path: request.url ?? '', bytes })
    return response.writeHead(200, { 'content-type': 'application/x-protobuf' }).end()
  })
})
server.keepAliveTimeout = 60_000
server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port))
process.once('disconnect', () => process.exit())
