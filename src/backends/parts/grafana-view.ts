import { cutAt, leftOut, type View } from '../view.ts'

/** Tempo cuts keys and texts there, in the middle of a character. */
const maxTraceTextBytes = 2_048

/** Of the 64 KiB that Loki takes beside a line. */
const maxLogTextBytes = 16_384

const cutForTempo = cutAt(maxTraceTextBytes)
const cutForLoki = cutAt(maxLogTextBytes)

/**
 * As Tempo and Loki want it: texts cut where they would be, between characters; nothing of Logfire's own; and no key
 * without a letter or a digit, for which Loki refuses the whole request.
 */
export const grafanaView: View = {
  id: 'grafana',
  ruleOf: (key, signal) => {
    if (key.startsWith('logfire.') || !/[a-z0-9]/i.test(key)) return leftOut
    return signal === 'traces' ? cutForTempo : cutForLoki
  },
}
