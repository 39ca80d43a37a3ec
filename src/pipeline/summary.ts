import { diagnostics } from '../diagnostics.ts'
import type { BackendStatus, SignalStatus } from './ledger.ts'
import { shownCount } from './text.ts'

type Statuses = Readonly<Record<string, BackendStatus>>

/** Says in one line what became of everything: as a warning where a backend did not get all of it. */
export function saySummary(backends: Statuses): void {
  const each = Object.entries(backends).map(([name, { traces, logs }]) => {
    const parts = [traces && partOf(traces, 'span'), logs && partOf(logs, 'log record')]
    return `"${name}" got ${parts.filter((part) => part !== undefined).join(', ')}`
  })
  if (each.length === 0) return
  const isComplete = Object.values(backends).every(({ traces, logs }) =>
    [traces, logs].every((signal) => signal === undefined || signal.delivered === signal.accepted),
  )
  diagnostics.say(isComplete ? 'info' : 'warn', `stopped: ${each.join('; ')}`)
}

/** Says, in the last moment of the process, what is on disk for the next one, and what is lost. */
export function sayWhatIsLeft(backends: Statuses, crashed: boolean): void {
  const onDisk = itemsBy(backends, ({ spooled = 0 }) => spooled)
  if (onDisk !== '') diagnostics.say('warn', `left on disk, for the next process to deliver: ${onDisk}.`)
  const inMemory = itemsBy(backends, ({ queued }) => queued)
  if (inMemory === '') return
  const hint = crashed
    ? 'A crash waits for no delivery; an uncaughtException handler that awaits stop() can.'
    : 'Await stop() before process.exit(); TELEMETRY_SHUTDOWN_TIMEOUT is how long it waits.'
  diagnostics.say('warn', `not delivered before the process ended: ${inMemory}. ${hint}`)
}

function itemsBy(backends: Statuses, of: (status: SignalStatus) => number): string {
  return Object.entries(backends)
    .flatMap(([name, { traces, logs, lastProblem }]) => {
      const items = [traces, logs].reduce((sum, status) => sum + (status === undefined ? 0 : of(status)), 0)
      const why = lastProblem === undefined ? '' : ` (${lastProblem.reason})`
      return items === 0 ? [] : [`${items} ${items === 1 ? 'item' : 'items'} to "${name}"${why}`]
    })
    .join(', ')
}

function partOf({ accepted, delivered, queued, spooled = 0, dropped }: SignalStatus, noun: string): string {
  const missing = [
    ...Object.entries(dropped).map(([reason, count]) => `${shownCount(count)} dropped as ${reason}`),
    ...(spooled > 0 ? [`${shownCount(spooled)} on disk`] : []),
    ...(queued > 0 ? [`${shownCount(queued)} waiting`] : []),
  ]
  const all = `${shownCount(accepted)} ${noun}${accepted === 1 ? '' : 's'}`
  return missing.length === 0 ? all : `${shownCount(delivered)} of ${all} (${missing.join(', ')})`
}
