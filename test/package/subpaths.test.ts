import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, inject, it } from 'vitest'
import { evaluateIn, runIn } from '../support/consumer.ts'

const { esm, cjs } = inject('consumers')

const namesOf = async (subpath: string): Promise<string[]> =>
  evaluateIn(
    esm,
    'names.mjs',
    `const names = Object.keys(await import('${subpath}')).sort()\nconsole.log(JSON.stringify(names))\n`,
  )

/** The public names of each subpath. A name that goes from here is a breaking change; a new one is a minor version. */
const publicNames = {
  signalbox: [
    'Secret',
    'TelemetryError',
    'createLogger',
    'currentAttributes',
    'currentTenant',
    'defineBackend',
    'defineConfig',
    'fromExporters',
    'isTelemetryError',
    'logger',
    'operation',
    'setAttributes',
    'setTenant',
    'startTelemetry',
    'tenant',
    'withAttributes',
    'withTenant',
  ],
  'signalbox/testing': ['backendContract', 'contractBatches', 'createMemoryBackend', 'memoryOf'],
  'signalbox/authkit': ['AuthenticationError', 'authkit', 'isAuthenticationError'],
  'signalbox/bullmq': ['bullmqTelemetry'],
  'signalbox/express': ['expressTelemetry', 'expressTelemetryErrors'],
  'signalbox/fastify': ['fastifyTelemetry'],
  'signalbox/hono': ['honoTelemetry'],
  'signalbox/mcp': ['instrumentMcpClient', 'instrumentMcpServer'],
  'signalbox/pg-boss': ['pgBossTelemetry'],
  'signalbox/backends/console': ['consoleBackend'],
  'signalbox/backends/grafana': ['grafanaBackend'],
  'signalbox/backends/logfire': ['logfireBackend'],
  'signalbox/backends/memory': ['createMemoryBackend', 'memoryBackend', 'memoryOf'],
  'signalbox/backends/otlp': ['otlpBackend'],
  'signalbox/backends/otlp-http': ['otlpHttp'],
}

describe('in a project of ES modules', () => {
  it.each(Object.entries(publicNames))('%s exports exactly its public names', async (subpath, names) => {
    expect(await namesOf(subpath)).toEqual(names)
  })

  it('signalbox/register starts telemetry when imported', async () => {
    const code = `
      import { trace } from '@opentelemetry/api'
      const before = trace.getTracer('probe').startSpan('before').isRecording()
      await import('signalbox/register')
      const after = trace.getTracer('probe').startSpan('after').isRecording()
      console.log(JSON.stringify({ before, after }))
    `
    const { stdout, stderr } = await runIn(esm, 'register.mjs', code, { env: { TELEMETRY_BACKENDS: 'memory' } })
    expect({ ...(JSON.parse(stdout) as object), stderr }).toEqual({ before: false, after: true, stderr: '' })
  })

  it('signalbox/package.json is the manifest', async () => {
    const code = `
      import manifest from 'signalbox/package.json' with { type: 'json' }
      console.log(JSON.stringify(manifest))
    `
    const manifest = JSON.parse(readFileSync(join(import.meta.dirname, '../../package.json'), 'utf8')) as unknown
    expect(await evaluateIn(esm, 'manifest.mjs', code)).toEqual(manifest)
  })

  it.each([
    'signalbox/backends/registry',
    'signalbox/backends/console/draw-tree',
    'signalbox/pipeline/lane',
    'signalbox/integrations/fastify',
    'signalbox/dist/index.js',
    'signalbox/start',
  ])('%s is not open to users', async (subpath) => {
    const code = `console.log(JSON.stringify(await import('${subpath}').catch((error) => error.code)))`
    expect(await evaluateIn(esm, 'closed.mjs', code)).toBe('ERR_PACKAGE_PATH_NOT_EXPORTED')
  })

  it('the main entry has no effect when imported', async () => {
    const code = `
      const events = () => process.eventNames().map((name) => String(name) + process.listenerCount(name))
      const before = events()
      const { trace } = await import('@opentelemetry/api')
      await import('signalbox')
      const recording = trace.getTracer('probe').startSpan('probe').isRecording()
      console.log(JSON.stringify({ before, after: events(), recording }))
    `
    const { before, after, recording } = await evaluateIn<{ before: string[]; after: string[]; recording: boolean }>(
      esm,
      'effect.mjs',
      code,
    )
    expect(after).toEqual(before)
    expect(recording).toBe(false)
  })
})

describe('in a CommonJS project', () => {
  it.each(Object.entries(publicNames))('require(%j) gives the same names', async (subpath, names) => {
    const code = `console.log(JSON.stringify(Object.keys(require('${subpath}')).sort()))`
    expect(await evaluateIn(cjs, 'names.cjs', code)).toEqual(names)
  })

  it('require and import give the same module', async () => {
    const code = `
      const required = require('signalbox')
      import('signalbox').then((imported) => console.log(JSON.stringify(imported.logger === required.logger)))
    `
    expect(await evaluateIn(cjs, 'same.cjs', code)).toBe(true)
  })
})
