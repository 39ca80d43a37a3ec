import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'smol-toml'
import { describe, expect, it } from 'vitest'

const root = join(import.meta.dirname, '../..')
const read = (file: string): string => readFileSync(join(root, file), 'utf8')
const known = `${read('.env.example')}\n${read('.env.example.secrets')}`

/** Keys of fly.toml: https://fly.io/docs/reference/configuration/. */
const keys = new Set(
  (
    'app primary_region kill_signal kill_timeout build build.dockerfile build.args env restart http_service ' +
    'http_service.internal_port http_service.force_https http_service.min_machines_running ' +
    'http_service.auto_stop_machines http_service.auto_start_machines http_service.checks'
  ).split(' '),
)
const seconds = (text: string): number => Number(/^(\d+)s$/.exec(text)?.[1])

interface FlyToml {
  readonly app: string
  readonly kill_timeout: string
  readonly build: { readonly dockerfile: string; readonly args: { readonly ENTRY: string } }
  readonly env: Readonly<Record<string, string>>
  readonly http_service?: { readonly internal_port: number; readonly checks: readonly { readonly path: string }[] }
}

describe.each(['mcp-gateway', 'cloud', 'api', 'worker'])('deploy/fly/%s.toml', (name) => {
  const toml = parse(read(`deploy/fly/${name}.toml`)) as unknown as FlyToml

  it('holds keys that Fly knows, and variables that the library knows', () => {
    const found = Object.entries(toml as object).flatMap(([key, value]: [string, object]) =>
      ['build', 'http_service'].includes(key) ? [key, ...Object.keys(value).map((inner) => `${key}.${inner}`)] : [key],
    )
    expect(found.filter((key) => !keys.has(key))).toEqual([])
    const ours = Object.keys(toml.env).filter((variable) => /^(?:TELEMETRY|OTEL|GRAFANA|LOGFIRE|FLY)_/.test(variable))
    expect(ours.filter((variable) => !known.includes(`\n# ${variable}=`))).toEqual([])
    expect([toml.app, toml.env['OTEL_SERVICE_NAME']]).toEqual([name, name])
  })

  it('leaves time for what is in memory, and ignores the path of its health check', () => {
    expect(seconds(toml.kill_timeout)).toBeGreaterThan(seconds(toml.env['TELEMETRY_SHUTDOWN_TIMEOUT'] ?? ''))
    const checked = (toml.http_service?.checks ?? []).map(({ path }) => path)
    expect(checked).toEqual(name === 'worker' ? [] : [toml.env['TELEMETRY_IGNORE_PATHS']])
    expect(toml.http_service?.internal_port).toBe(name === 'worker' ? undefined : Number(toml.env['PORT']))
  })

  it('makes an edge of the gateway alone', () => {
    expect(toml.env['TELEMETRY_EDGE']).toBe(name === 'mcp-gateway' ? 'true' : undefined)
  })
})

it('deploy/fly/README.md names variables that exist', () => {
  const named = read('deploy/fly/README.md').match(/\b(?:TELEMETRY|GRAFANA|LOGFIRE)_[A-Z_]+\b/g) ?? []
  expect(named.length).toBeGreaterThan(5)
  expect([...new Set(named)].filter((variable) => !known.includes(`\n# ${variable}=`))).toEqual([])
})

it('deploy/fly/Dockerfile starts Node in the place of the shell, as nobody special, with the instrumentation', () => {
  const lines = read('deploy/fly/Dockerfile')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
  const instructions = /^(?:FROM|WORKDIR|COPY|RUN|ARG|ENV|USER|EXPOSE|CMD) \S/
  expect(lines.filter((line) => !instructions.test(line))).toEqual([])
  const command = JSON.parse(lines.at(-1)?.replace(/^CMD /, '') ?? '') as string[]
  expect(command).toEqual(['/bin/sh', '-c', 'exec node --import signalbox/register "$ENTRY"'])
  expect(lines.indexOf('USER node')).toBeGreaterThan(lines.findLastIndex((line) => line.startsWith('FROM')))
})
