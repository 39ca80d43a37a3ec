import { recordCrashes } from './crash.ts'

/** What the end of a process needs of the telemetry that is running. */
export interface Draining {
  /** Delivers at once what comes: the process may end any moment. An application that goes on is left alone soon. */
  hurry(): void
  /** Delivers what is in memory, and what follows as soon as it is there; resolves at the deadline at the latest. */
  drain(): Promise<void>
  /** Delivers what is in memory and lets go of everything that would keep the process alive. */
  settle(): Promise<void>
  /** True where something is in memory that could still be delivered. */
  isPending(): boolean
  /** The last moment: hands over what can be handed over synchronously, and says what is lost. */
  exit(crashed: boolean): void
}

const stopSignals = ['SIGTERM', 'SIGINT'] as const

/**
 * Delivers what is in memory when the process ends, and lets it end exactly as it would have without us.
 *
 * On SIGTERM and SIGINT: if we are the only listener, the signal is sent again after the delivery and does its default
 * work; a second signal does so at once. If the application listens too, the end is the application's. Before a normal
 * exit the loop is held no longer than the deadline. Nothing here calls `process.exit`.
 */
export function attachProcessHooks(telemetry: Draining): () => void {
  let crashed = false
  const onCrash = (): void => {
    crashed = true
    telemetry.hurry()
  }
  const detachers = [recordCrashes(onCrash), ...stopSignals.map((signal) => onStopSignal(signal, telemetry))]
  const beforeExit = (): void => {
    if (telemetry.isPending()) void telemetry.settle()
  }
  // An application that survived an uncaught exception did not crash.
  const exit = (code: number): void => telemetry.exit(crashed && code !== 0)
  process.on('beforeExit', beforeExit)
  process.on('exit', exit)
  return () => {
    for (const detach of detachers) detach()
    process.off('beforeExit', beforeExit)
    process.off('exit', exit)
  }
}

function onStopSignal(signal: NodeJS.Signals, telemetry: Draining): () => void {
  let resendDue = false
  const resend = (): void => {
    if (!resendDue) return
    resendDue = false
    process.off(signal, listener)
    telemetry.exit(false)
    process.kill(process.pid, signal)
  }
  const listener = (): void => {
    if (resendDue) return resend()
    // We run first (see below), so a `once` listener of the application that is about to run still counts.
    resendDue = process.listenerCount(signal) === 1
    void telemetry.drain().then(resend)
  }
  process.prependListener(signal, listener)
  return () => process.off(signal, listener)
}
