import { type Backend, isOtlpBackend, type OtlpBackend, type Signal, signals } from '../backend.ts'

/** One backend made of one for each signal, for signals that are reached in different ways. */
export function perSignal(connect: (signal: Signal) => Backend): Backend | OtlpBackend {
  const backends: Readonly<Record<Signal, Backend>> = { traces: connect('traces'), logs: connect('logs') }
  const { traces, logs } = backends
  const own: Backend = {
    signals,
    deliver: (batch, signal) => backends[batch.signal].deliver(batch, signal),
    close: async () => {
      await Promise.all(signals.map(async (signal) => backends[signal].close?.()))
    },
  }
  if (!isOtlpBackend(traces) || !isOtlpBackend(logs)) return own
  return {
    ...own,
    view: traces.view,
    compression: { ...traces.compression, ...logs.compression },
    maxAgeMs: { ...traces.maxAgeMs, ...logs.maxAgeMs },
    send: (request, signal) => (request.signal === 'traces' ? traces : logs).send(request, signal),
  }
}
