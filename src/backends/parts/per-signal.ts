import { type Backend, type Signal, signals } from '../backend.ts'

/** One backend made of one for each signal, for signals that are reached in different ways. */
export function perSignal(connect: (signal: Signal) => Backend): Backend {
  const backends: Readonly<Record<Signal, Backend>> = { traces: connect('traces'), logs: connect('logs') }
  return {
    signals,
    deliver: (batch, signal) => backends[batch.signal].deliver(batch, signal),
    close: async () => {
      await Promise.all(signals.map(async (signal) => backends[signal].close?.()))
    },
  }
}
