import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import type { Batch, OtlpBytes } from '../../backends/backend.ts'
import type { View } from '../../backends/view.ts'
import { type Encoded, Encoder } from './encoder.ts'

const gzipped = promisify(gzip)

/** The cheapest level makes batches hardly larger than the default one, at a third of its cost. */
const level = 1

const encoders = new Map<string, Encoder>()

/** Makes a batch's `bytes`: each view is encoded and compressed once, on first ask. */
export function sharedBytes(encode: (encoder: Encoder) => Encoded): Batch['bytes'] {
  const made = new Map<string, Promise<OtlpBytes>>()
  const make = async (view: View, compression: 'gzip' | 'none'): Promise<OtlpBytes> => {
    const { bytes, count } = encode(encoderOf(view))
    return { body: compression === 'none' ? bytes : await gzipped(bytes, { level }), count }
  }
  return (view, compression) => {
    const key = `${compression} ${view.id}`
    const known = made.get(key) ?? make(view, compression)
    made.set(key, known)
    return known
  }
}

function encoderOf(view: View): Encoder {
  const known = encoders.get(view.id) ?? new Encoder(view)
  encoders.set(view.id, known)
  return known
}
