import { constants, createGzip, type Gzip, type ZlibReset } from 'node:zlib'

/** The cheapest level makes batches hardly larger than the default one, at a third of its cost. */
export const gzipLevel = 1

/** Most that is given at once; most bodies are one piece. */
const pieceBytes = 65_536

/** Compressors that are kept; more are made where more is compressed at once. */
const mostIdle = 2

const idle: Compressor[] = []

/** Compresses in another thread. */
export async function gzipped(bytes: Uint8Array): Promise<Uint8Array> {
  const compressor = idle.pop() ?? new Compressor()
  // Where it fails the compressor is no good any more, and is not kept.
  const body = await compressor.compress(bytes)
  if (idle.length < mostIdle) idle.push(compressor)
  else compressor.close()
  return body
}

/** Compresses one body after the other: a new compressor for each takes as long as a body does, and a quarter of a megabyte. */
class Compressor {
  readonly #stream = createGzip({
    level: gzipLevel,
    flush: constants.Z_FINISH,
    chunkSize: pieceBytes,
  }) as Gzip & ZlibReset
  #pieces: Uint8Array[] = []

  constructor() {
    this.#stream.on('data', (piece: Uint8Array) => this.#pieces.push(piece))
    // Each `write` rejects with it as well; without a listener it would be thrown.
    this.#stream.on('error', () => {})
  }

  compress(bytes: Uint8Array): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      this.#stream.write(bytes, (error) => {
        const pieces = this.#pieces
        this.#pieces = []
        if (error) return reject(error)
        this.#stream.reset()
        resolve(joined(pieces))
      })
    })
  }

  close(): void {
    this.#stream.destroy()
  }
}

/** A copy with nothing beside it: what is given are parts of larger blocks, which would wait with them. */
function joined(pieces: readonly Uint8Array[]): Uint8Array {
  const [first] = pieces
  return first !== undefined && pieces.length === 1 ? Uint8Array.prototype.slice.call(first) : Buffer.concat(pieces)
}
