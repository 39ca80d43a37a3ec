import { gzipSync } from 'node:zlib'
import type { Batch, OtlpBytes } from '../../backends/backend.ts'
import type { View } from '../../backends/view.ts'
import { type Encoded, Encoder } from './encoder.ts'
import { gzipLevel, gzipped } from './gzip.ts'

const encoders = new Map<string, Encoder>()

/** Makes a batch's `bytes`: each view is encoded and compressed once, on first ask. */
export function sharedBytes(encode: (encoder: Encoder) => Encoded): Batch['bytes'] {
  const made = new Map<string, Promise<OtlpBytes>>()
  const make = async (view: View, compression: 'gzip' | 'none'): Promise<OtlpBytes> => {
    const { bytes, count } = encode(encoderOf(view))
    return { body: compression === 'none' ? bytes : await gzipped(bytes), count }
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

/** Encodes a batch at once, for the last moment of a process. */
export function encodeNow(batch: Batch, view: View, compression: 'gzip' | 'none'): Encoded {
  const encoder = encoderOf(view)
  const { bytes, count } = batch.signal === 'traces' ? encoder.spans(batch.spans) : encoder.logs(batch.records)
  return { bytes: compression === 'gzip' ? gzipSync(bytes, { level: gzipLevel }) : bytes, count }
}
