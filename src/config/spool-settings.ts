import { size } from './parsers/number.ts'
import { oneOf, text } from './parsers/text.ts'
import type { Settings } from './setting.ts'

type SpoolSettings = Pick<Settings, Extract<keyof Settings, `spool.${string}`>>

/** What waits for a backend is kept on disk, so that it outlives the process. */
export const spoolSettings: SpoolSettings = {
  'spool.mode': {
    group: 'Delivery',
    about:
      'When what waits for a backend is kept on disk: `on-failure` (while it is down, and what is left at the end), `always` (before it is sent), `off`.',
    parse: oneOf('off', 'on-failure', 'always'),
    default: 'on-failure',
    env: ['TELEMETRY_SPOOL'],
  },
  'spool.dir': {
    group: 'Delivery',
    about: 'The folder for it, of this user alone.',
    parse: text,
    defaultText: '`$XDG_STATE_HOME/signalbox/spool`, or `~/.local/state/signalbox/spool`',
    env: ['TELEMETRY_SPOOL_DIR'],
  },
  'spool.maxBytes': {
    group: 'Delivery',
    about: 'Most bytes on disk for one backend and signal; past it the oldest are dropped and counted.',
    parse: size(65_536),
    default: 256 * 1_024 * 1_024,
    env: ['TELEMETRY_SPOOL_MAX_BYTES'],
  },
}
