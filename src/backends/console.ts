import { type Option, ValueError } from '../config/option.ts'
import { duration, integer } from '../config/parsers/number.ts'
import { type BackendType, defineBackend } from './backend.ts'
import { type ConsoleFormat, createConsoleBackend, defaultLimits } from './console/create-console-backend.ts'

const formats: readonly ConsoleFormat[] = ['tree', 'lines', 'json']

type Bound = Option<number> & { readonly default: number }

type ConsoleOptions = {
  readonly format: Option<ConsoleFormat>
  readonly maxTraces: Bound
  readonly maxTraceItems: Bound
  readonly maxItems: Bound
  readonly maxAgeMs: Bound
}

/**
 * Writes traces and log records to stdout: as trees in a terminal, as lines of JSON elsewhere.
 *
 * Needs no account and no network. `format` (`tree`, `lines`, `json`) overrules the choice. What a tree waits for is
 * bounded by `maxTraces` (1,000), `maxTraceItems` (1,000), `maxItems` (20,000) and `maxAgeMs` (30,000): past one of
 * them a trace is drawn as it is. When stdout is closed, what is delivered is counted as `stdout_closed`.
 */
export const consoleBackend: BackendType<ConsoleOptions> = defineBackend({
  type: 'console',
  summary: 'Draws each finished trace with its log records in the terminal; elsewhere writes one JSON object per line.',
  options: {
    format: {
      about: 'How it writes: `tree`, `lines` (for people) or `json`; by default `tree` on a terminal, else `json`.',
      parse: parseFormat,
      env: ['TELEMETRY_CONSOLE_FORMAT'],
      example: 'tree',
    },
    maxTraces: {
      about: 'Most unfinished traces that `tree` keeps; past it the oldest is drawn as it is.',
      parse: integer(1),
      default: defaultLimits.maxTraces,
      example: '1000',
    },
    maxTraceItems: {
      about: 'Most spans and log records that `tree` keeps of one trace; past it the trace is drawn as it is.',
      parse: integer(1),
      default: defaultLimits.maxTraceItems,
      example: '1000',
    },
    maxItems: {
      about: 'Most spans and log records that `tree` keeps of all traces; past it the oldest trace is drawn as it is.',
      parse: integer(1),
      default: defaultLimits.maxItems,
      example: '20000',
    },
    maxAgeMs: {
      about: 'Longest that `tree` keeps a trace unfinished; past it the trace is drawn as it is.',
      parse: duration(),
      default: defaultLimits.maxAgeMs,
      env: ['TELEMETRY_CONSOLE_MAX_AGE'],
      example: '30s',
    },
  },
  connect: (options) => createConsoleBackend({ stream: process.stdout, ...options }),
})

function parseFormat(raw: unknown): ConsoleFormat {
  const wanted = typeof raw === 'string' ? raw.trim().toLowerCase() : undefined
  const format = formats.find((each) => each === wanted)
  if (format === undefined) throw new ValueError('is not a format of the console', `Use one of ${formats.join(', ')}.`)
  return format
}
