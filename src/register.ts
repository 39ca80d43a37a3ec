import { startTelemetry } from './start.ts'

// The only module of the package with an effect when imported: `node --import signalbox/register app.js`.
startTelemetry()
