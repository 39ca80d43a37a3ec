import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { generatedFiles } from '../../scripts/gen-env.ts'
import { builtinBackends } from '../../src/backends/registry.ts'
import { generalVariables } from '../../src/config/resolve.ts'
import { resolve } from './support.ts'

const root = join(import.meta.dirname, '../..')
const files = generatedFiles()

const assignments = (text: string): [name: string, value: string][] =>
  [...text.matchAll(/^# ([A-Z][A-Z0-9_]*)=(.*)$/gm)].map(([, name = '', value = '']) => [name, value])

describe('generated files', () => {
  it.each([...files.keys()])('%s is what the option tables say (npm run env:generate)', (path) => {
    expect(readFileSync(join(root, path), 'utf8')).toBe(files.get(path))
  })

  it('name every variable of every setting and backend', () => {
    const options = Object.values(builtinBackends).flatMap(({ options }) => Object.values(options))
    const expected = [...generalVariables, ...options.flatMap(({ env = [] }) => env)]
    const names = new Set(assignments(files.get('.env.example') ?? '').map(([name]) => name))
    expect(expected.filter((name) => !names.has(name))).toEqual([])
    expect(expected.filter((name) => !files.get('docs/env.md')?.includes(`\`${name}\``))).toEqual([])
  })

  it('keep credentials empty, and list them by themselves', () => {
    const secrets = assignments(files.get('.env.example.secrets') ?? '')
    expect(secrets.map(([name]) => name)).toEqual(
      expect.arrayContaining(['GRAFANA_CLOUD_API_KEY', 'LOGFIRE_TOKEN', 'OTEL_EXPORTER_OTLP_HEADERS']),
    )
    const filled = assignments(files.get('.env.example') ?? '').filter(([name]) =>
      secrets.some(([each]) => each === name),
    )
    expect([...secrets, ...filled].filter(([, value]) => value !== '')).toEqual([])
  })

  it('hold values that are accepted as they are', () => {
    const env = Object.fromEntries(
      assignments(files.get('.env.example') ?? '').filter(([name, value]) => value !== '' && !name.includes('_NAME_')),
    )
    const config = resolve({
      ...env,
      TELEMETRY_CONFIG: undefined,
      GRAFANA_CLOUD_API_KEY: 'glc_x',
      LOGFIRE_TOKEN: 'pylf_v1_eu_x',
      TELEMETRY_BACKENDS: 'grafana,logfire,otlp,console,memory',
    })
    expect(config.backends).toHaveLength(5)
    expect(config.warnings).toEqual([])
    const { batch, queue, propagators, propagation, sampler } = resolve()
    expect(config).toMatchObject({ batch, queue, propagators, sampler, propagation: { to: propagation.to } })
  })
})
