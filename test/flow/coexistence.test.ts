import { cp, mkdtemp, mkdir, readFile, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { expect, it } from 'vitest'
import { runApp } from '../support/run-app.ts'

const ownApi = dirname(dirname(createRequire(import.meta.url).resolve('@opentelemetry/api')))

/** A folder whose own copy of the OpenTelemetry API has another version. */
async function folderWithApi(version: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'signalbox-second-api-'))
  const api = join(folder, 'node_modules/@opentelemetry/api')
  await mkdir(dirname(api), { recursive: true })
  await cp(ownApi, api, { recursive: true })
  const manifest = JSON.parse(await readFile(join(api, 'package.json'), 'utf8')) as Record<string, unknown>
  await writeFile(join(api, 'package.json'), JSON.stringify({ ...manifest, version }))
  return folder
}

it('finds the instrumentations of an application wherever it is started from', async () => {
  const env = { TELEMETRY_BACKENDS: 'memory', TELEMETRY_INSTRUMENTATIONS: 'http,pg' }
  const app = runApp('orders.ts', { env, cwd: '/' })
  expect(await app.ended).toMatchObject({ code: 0 })
  expect(app.stderr).toEqual([])
})

it.each([
  ['1.9.1', 'It shares our registration'],
  ['1.11.0', 'Spans and logs made through it are lost'],
  ['2.0.0', 'Spans and logs made through it are lost'],
])('says that the application has OpenTelemetry API %s of its own', async (version, effect) => {
  const app = runApp('orders.ts', { env: { TELEMETRY_BACKENDS: 'memory' }, cwd: await folderWithApi(version) })
  expect(await app.ended).toMatchObject({ code: 0 })
  expect(app.stderr.join('\n')).toContain(`its own copy of @opentelemetry/api, ${version} beside 1.10.0. ${effect}`)
})

it('refuses to start after another SDK, in words that say what to do', async () => {
  const app = runApp('two-sdks.ts', { env: { TELEMETRY_BACKENDS: 'memory' }, register: false })
  expect(await app.ended).toMatchObject({ code: 0 })
  expect(app.stdout).toEqual([
    'ERR_SDK_CONFLICT another OpenTelemetry SDK is already registered in this process (trace, context, propagation, logs)',
    'Start only one: take out --require @opentelemetry/auto-instrumentations-node/register (also of NODE_OPTIONS), or the file that starts the other SDK.',
  ])
})

it('says which version of the API was used before it', async () => {
  const app = runApp('two-sdks.ts', { env: { TELEMETRY_BACKENDS: 'memory', OLD_API: '1' }, register: false })
  expect(await app.ended).toMatchObject({ code: 0 })
  expect(app.stdout[0]).toBe('ERR_SDK_CONFLICT @opentelemetry/api 1.7.0 was used before start-up, 1.10.0 is needed')
})
