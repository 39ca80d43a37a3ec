// The service behind the gateway: it names no tenant, yet all it records carries one.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { trace } from '@opentelemetry/api'
import { logger, operation } from 'signalbox'

const tracer = trace.getTracer('notes')

async function search(query: string): Promise<string[]> {
  return operation('search', 'search notes', async () => {
    await tracer.startActiveSpan('read index', async (span) => {
      await sleep(12)
      span.end()
    })
    if (query === 'broken') throw new Error('index is corrupted at segment 7')
    await tracer.startActiveSpan('rank hits', async (span) => {
      await sleep(6)
      span.end()
    })
    logger.info({ hits: 2 }, `found notes about ${query}`)
    return [`${query} one`, `${query} two`]
  })
}

const server = createServer((request, response) => {
  const query = new URL(request.url ?? '/', 'http://api').searchParams.get('q') ?? ''
  search(query).then(
    (notes) => response.end(JSON.stringify(notes)),
    (error: unknown) => {
      logger.error({ err: error }, 'search failed')
      response.writeHead(500).end()
    },
  )
})

server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port))
process.once('disconnect', () => server.close())
