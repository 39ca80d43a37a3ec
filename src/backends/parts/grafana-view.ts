import { cutAt, leftOut, type LogLimits, type View } from '../view.ts'

/** Tempo cuts keys and texts there, in the middle of a character. */
const maxTraceTextBytes = 2_048

/** Of the 64 KiB that Loki takes beside a line. */
const maxLogTextBytes = 16_384

/**
 * Loki refuses a request for one line of more than 256 KiB, or one with more than 128 entries or 64 KiB beside it.
 * Time, severity, trace and the like take ten of the entries; what is left is for the attributes and their names.
 *
 * https://grafana.com/docs/loki/latest/configure/#limits_config
 */
const logLimits: LogLimits = {
  entries: 118,
  attributeBytes: 56 * 1_024,
  valueBytes: maxLogTextBytes,
  bodyBytes: 250 * 1_024,
}

const cutForTempo = cutAt(maxTraceTextBytes)
const cutForLoki = cutAt(maxLogTextBytes)

/**
 * As Tempo and Loki want it: texts cut where they would be, between characters; no more of a record than Loki takes;
 * nothing of Logfire's own; and no key without a letter or a digit, for which Loki refuses the whole request.
 */
export const grafanaView: View = {
  id: 'grafana',
  logLimits,
  ruleOf: (key, signal) => {
    if (key.startsWith('logfire.') || !/[a-z0-9]/i.test(key)) return leftOut
    return signal === 'traces' ? cutForTempo : cutForLoki
  },
}
