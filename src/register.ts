import { isTelemetryError } from './errors.ts'
import { startTelemetry } from './start.ts'

// The only module of the package with an effect when imported: `node --import signalbox/register app.js`.
try {
  startTelemetry()
} catch (error) {
  // What is wrong with a configuration is in its message; frames of this package would only bury it.
  if (isTelemetryError(error)) error.stack = `${error.name} ${error.code}: ${error.message}`
  throw error
}
