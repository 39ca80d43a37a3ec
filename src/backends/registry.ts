import type { BackendType } from './backend.ts'
import { consoleBackend } from './console.ts'
import { grafanaBackend } from './grafana.ts'
import { logfireBackend } from './logfire.ts'
import { memoryBackend } from './memory.ts'
import { otlpBackend } from './otlp.ts'

/** Every backend that `TELEMETRY_BACKENDS` can name. Look names up with `Object.hasOwn`: they come from outside. */
export const builtinBackends: Readonly<Record<string, BackendType>> = Object.freeze({
  grafana: grafanaBackend,
  logfire: logfireBackend,
  otlp: otlpBackend,
  console: consoleBackend,
  memory: memoryBackend,
})
