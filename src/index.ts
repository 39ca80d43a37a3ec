export { defineConfig, startTelemetry, type Telemetry, type TelemetryConfig, type TelemetryStatus } from './start.ts'
export { Secret } from './config/secret.ts'

export { createLogger, logger, type Logger, type LoggerOptions } from './logging/logger.ts'

export { tenant, type Tenant, type TenantInput } from './tenant/tenant.ts'
export {
  currentAttributes,
  currentTenant,
  setAttributes,
  setTenant,
  withAttributes,
  withTenant,
} from './tenant/current.ts'
export { operation } from './tenant/operation.ts'

export {
  type Backend,
  type Batch,
  type BackendContext,
  type BackendType,
  defineBackend,
  type LogBatch,
  type Outcome,
  type Signal,
  type TraceBatch,
} from './backends/backend.ts'
export { fromExporters } from './backends/parts/from-exporters.ts'
export type { BackendStatus, LaneProblem, SignalStatus } from './pipeline/pipeline.ts'

export { type Diagnostic, type DiagnosticLevel } from './diagnostics.ts'
export { isTelemetryError, type Problem, TelemetryError, type TelemetryErrorCode } from './errors.ts'
