import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, inject, it } from 'vitest'

const { esm, cjs } = inject('consumers')
const modules = join(import.meta.dirname, '../../node_modules')

const compilers = [
  ['TypeScript 5.9', 'ts5/lib/tsc.js', /^Version 5\.9\./],
  ['TypeScript 6', 'ts6/lib/tsc.js', /^Version 6\./],
  ['TypeScript 7', 'typescript/bin/tsc', /^Version 7\./],
] as const

const uses = `
const acme: Tenant = tenant({ id: 'a', userId: 'u', email: 'ada@acme.example', appName: 'acme' })
const answer: number = withTenant(acme, () => 42)
const later: Promise<string> = withTenant(acme, async () => 'x')
const done: Promise<number> = operation('update', 'reindex', async () => 1)
const current: Tenant | undefined = currentTenant()
logger.child(acme).info({ answer }, 'hello')
withAttributes({ 'workflow.id': 'w' }, () => logger.warn('inside'))

const mine: Backend = {
  signals: ['traces'],
  async deliver(batch, signal): Promise<Outcome> {
    if (signal.aborted) return { kind: 'retry', reason: 'aborted', afterMs: 10 }
    return batch.signal === 'traces' && batch.spans.length > 0
      ? { kind: 'delivered' }
      : { kind: 'rejected', reason: 'empty', count: batch.count }
  },
}

const telemetry: Telemetry = startTelemetry()
const flushed: Promise<boolean> = telemetry.flush(1_000)
const stopped: Promise<void> = telemetry.stop()
const code = (error: unknown): string => (error instanceof TelemetryError ? error.code : 'other')
void [later, done, current, mine, flushed, stopped, code]
`
const values = 'currentTenant, logger, operation, startTelemetry, TelemetryError, tenant, withAttributes, withTenant'
const types = 'Backend, Outcome, Telemetry, Tenant'

const consumers = [
  ['an ES module', esm, `import { ${values} } from 'signalbox'\nimport type { ${types} } from 'signalbox'\n${uses}`],
  [
    'a CommonJS module',
    cjs,
    `import signalbox = require('signalbox')\nimport type { ${types} } from 'signalbox'\nconst { ${values} } = signalbox\n${uses}`,
  ],
] as const

const options = {
  module: 'nodenext',
  target: 'es2022',
  lib: ['es2023'],
  types: ['node'],
  strict: true,
  exactOptionalPropertyTypes: true,
  skipLibCheck: false,
  noEmit: true,
}

const integrations = `
import { McpServer } from '@modelcontextprotocol/server'
import { Queue, Worker } from 'bullmq'
import express from 'express'
import Fastify from 'fastify'
import { Hono } from 'hono'
import { authkit, isAuthenticationError } from 'signalbox/authkit'
import { bullmqTelemetry } from 'signalbox/bullmq'
import { expressTelemetry, expressTelemetryErrors } from 'signalbox/express'
import { fastifyTelemetry } from 'signalbox/fastify'
import { honoTelemetry } from 'signalbox/hono'
import { instrumentMcpServer } from 'signalbox/mcp'
import { pgBossTelemetry } from 'signalbox/pg-boss'

const auth = authkit({ clientId: 'client_1' })
export const app = express().use(expressTelemetry({ tenant: auth.tenant })).use(expressTelemetryErrors())
export const fastify = Fastify().register(fastifyTelemetry, { tenant: auth.tenant, requestLog: false })
export const hono = new Hono().use(honoTelemetry({ tenant: auth.tenant }))
export const server: McpServer = instrumentMcpServer(new McpServer({ name: 'a', version: '1' }), { recordArguments: true })
const connection = { host: '127.0.0.1' }
export const queue = new Queue('q', { connection, telemetry: bullmqTelemetry() })
export const worker = new Worker('q', async () => 1, { connection, telemetry: bullmqTelemetry({ correlation: 'link' }) })
export const openTelemetry = pgBossTelemetry()
export const code = (error: unknown): string => (isAuthenticationError(error) ? error.code : 'other')
`

/** The consumer's project once more, with the frameworks of this repository in reach. */
function withFrameworks(project: string): string {
  const copy = `${project}-frameworks`
  if (existsSync(copy)) return copy
  cpSync(project, copy, { recursive: true, verbatimSymlinks: true })
  for (const name of ['@modelcontextprotocol', 'bullmq', 'express', 'fastify', 'hono', '@types/express', 'ioredis']) {
    rmSync(join(copy, 'node_modules', name), { recursive: true, force: true })
    symlinkSync(join(modules, name), join(copy, 'node_modules', name), 'junction')
  }
  return copy
}

/**
 * Compiles a project with every declaration file checked.
 *
 * Only errors in the project itself and in our own declarations are ours to answer for; those that a dependency ships
 * in its declarations are told apart, so that they are seen but do not fail.
 */
function compile(compiler: string, project: string): { readonly ours: string[]; readonly others: string[] } {
  const { stdout } = spawnSync(process.execPath, [join(modules, compiler), '-p', project, '--pretty', 'false'], {
    encoding: 'utf8',
    cwd: project,
  })
  const errors = stdout.split('\n').filter((line) => /error TS\d+:/.test(line))
  const foreign = /(?:^|\/)node_modules\/(?!signalbox\/)/
  return {
    ours: errors.filter((line) => !foreign.test(line)),
    others: errors.filter((line) => foreign.test(line)),
  }
}

describe.each(compilers)('%s', (_, compiler, version) => {
  it('is the compiler it is taken for', () => {
    const { stdout } = spawnSync(process.execPath, [join(modules, compiler), '--version'], { encoding: 'utf8' })
    expect(stdout).toMatch(version)
  })

  it.for(consumers)('accepts %s and all of our declarations', async ([, project, source], { annotate }) => {
    writeFileSync(join(project, 'app.ts'), source)
    writeFileSync(join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions: options, files: ['app.ts'] }))
    const { ours, others } = compile(compiler, project)
    for (const line of others) await annotate(line, 'a declaration of a dependency')
    expect(ours).toEqual([])
  })

  it('accepts the integrations beside their frameworks', async ({ annotate }) => {
    const project = withFrameworks(esm)
    writeFileSync(join(project, 'app.ts'), integrations)
    writeFileSync(join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions: options, files: ['app.ts'] }))
    const { ours, others } = compile(compiler, project)
    for (const line of others) await annotate(line, 'a declaration of a dependency')
    expect(ours).toEqual([])
  })

  it('refuses a wrong use', () => {
    const wrong = `import { tenant, type Outcome } from 'signalbox'\ntenant({ id: 7 })\nexport const o: Outcome = { kind: 'maybe' }\n`
    writeFileSync(join(esm, 'wrong.ts'), wrong)
    writeFileSync(join(esm, 'tsconfig.json'), JSON.stringify({ compilerOptions: options, files: ['wrong.ts'] }))
    expect(compile(compiler, esm).ours.map((line) => /^wrong\.ts\(\d/.exec(line)?.[0])).toEqual([
      'wrong.ts(2',
      'wrong.ts(3',
    ])
  })
})
