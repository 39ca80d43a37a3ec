import { parseArgs } from 'node:util'

/** What the demonstration is asked for. */
export interface Flags {
  readonly requests: number
  readonly seconds: number
  readonly seed: number
  readonly queue: 'pg-boss' | 'bullmq'
  readonly keep: boolean
}

const usage = 'Flags are --requests=120, --seconds=60, --seed=1, --queue=pg-boss or bullmq, and --keep.'

/** Reads the flags of a command line; what is wrong with them is said, with all there are, and ends the process. */
export function readFlags(args: readonly string[], env: NodeJS.ProcessEnv): Flags {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        requests: { type: 'string', default: '120' },
        seconds: { type: 'string', default: '60' },
        seed: { type: 'string', default: '1' },
        queue: { type: 'string', default: 'pg-boss' },
        keep: { type: 'boolean', default: false },
      },
    })
    const { queue } = values
    if (queue !== 'pg-boss' && queue !== 'bullmq') throw new Error(`--queue=${queue} is neither pg-boss nor bullmq`)
    if (queue === 'bullmq' && (env['REDIS_URL'] ?? '') === '') {
      throw new Error('--queue=bullmq needs a Redis: REDIS_URL=redis://127.0.0.1:6379 npm run demo -- --queue=bullmq')
    }
    return {
      requests: wholeNumber('requests', values.requests),
      seconds: wholeNumber('seconds', values.seconds),
      seed: wholeNumber('seed', values.seed),
      queue,
      keep: values.keep,
    }
  } catch (error) {
    console.error(error instanceof Error ? error.message : error)
    console.error(usage)
    return process.exit(2)
  }
}

function wholeNumber(name: string, text: string): number {
  const value = Number(text)
  if (Number.isSafeInteger(value) && value > 0) return value
  throw new Error(`--${name}=${text} is not a whole number above 0`)
}
