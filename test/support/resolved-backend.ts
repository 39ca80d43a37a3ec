import { onTestFinished } from 'vitest'
import type { Backend } from '../../src/backends/backend.ts'
import { builtinBackends } from '../../src/backends/registry.ts'
import { backendOf, type Env, resolve } from '../config/support.ts'
import { otlpSink, type OtlpSink } from './otlp-sink.ts'

/** The backend that an environment makes, as a start would connect it. */
export function connected(name: string, env: Env): Backend {
  const { type, options, timeoutMs, compression, exporter } = backendOf(resolve(env), name)
  const backend = builtinBackends[type]!.connect(options, { name, timeoutMs, compression, exporter })
  onTestFinished(() => backend.close?.())
  return backend
}

export async function sinkForTest(): Promise<OtlpSink> {
  const sink = await otlpSink()
  onTestFinished(() => sink.close())
  return sink
}
