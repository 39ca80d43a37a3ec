import type { Batch } from '../backends/backend.ts'
import type { Encoded } from './encode/encoder.ts'
import type { RequestQueue } from './request-queue.ts'
import type { StreamBooks } from './stream-books.ts'
import type { StreamSpool } from './stream-spool.ts'
import type { WaitingRequest } from './waiting-request.ts'

/** Writes what is in memory alone to disk, at once, and gives what is there then; what there is no room for is dropped. */
export function keepNow(
  requests: readonly WaitingRequest[],
  encode: (batch: Batch) => Encoded,
  spool: StreamSpool,
  queue: RequestQueue,
  books: StreamBooks,
): readonly WaitingRequest[] {
  const left = requests.filter(({ spooled }) => spooled === undefined)
  for (const request of left) {
    if (request.batch === undefined) continue
    const { bytes, count } = encode(request.batch)
    books.dropped('unreadable', request.count - count)
    queue.resize(request, { count })
    request.batch = undefined
    request.body = bytes
  }
  const encoded = left.filter(({ body, count }) => body !== undefined && count > 0)
  const kept = spool.keepNow(encoded)
  if (kept === undefined) return []
  for (const request of encoded) {
    if (kept.has(request)) books.leftOnDisk(request.count)
    else books.dropped('spool_full', request.count)
    request.isSettled = true
  }
  return encoded
}
