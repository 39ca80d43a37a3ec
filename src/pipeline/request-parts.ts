import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import { gzipped } from './encode/gzip.ts'
import { splitRequest } from './encode/split-request.ts'
import { bytesBesideBody, type WaitingRequest } from './waiting-request.ts'

const gunzipped = promisify(gunzip)

/**
 * The halves of a request; undefined where it cannot be taken apart, or where enough was spent on finding what spoils it.
 *
 * One bad item among n takes about 2 log2(n) requests to find; twice that and some more is spent on each batch.
 */
export async function partsOf(request: WaitingRequest, cause: 'size' | 'item'): Promise<WaitingRequest[] | undefined> {
  const { body, compression } = request
  if (body === undefined || request.count < 2) return undefined
  const search =
    cause === 'size' ? request.search : (request.search ?? { left: 4 * Math.ceil(Math.log2(request.count)) + 16 })
  if (cause === 'item' && search !== undefined && (search.left -= 2) < 0) return undefined
  try {
    const halves = splitRequest(compression === 'gzip' ? await gunzipped(body) : Buffer.from(body))
    if (halves === undefined) return undefined
    return await Promise.all(
      halves.map(async ({ bytes, count }) => {
        const half = compression === 'gzip' ? await gzipped(bytes) : bytes
        const size = half.length + bytesBesideBody
        return {
          ...request,
          count,
          held: count,
          size,
          body: half,
          spooled: undefined,
          isSpilling: false,
          setbacks: 0,
          search,
        }
      }),
    )
  } catch {
    return undefined
  }
}
