import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { backendOf, errorOf, resolve } from './support.ts'

const page = readFileSync(join(import.meta.dirname, '../../docs/config.md'), 'utf8')
const block = (language: string, start: string): string =>
  [...page.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)].find(
    ([, tag, text]) => tag === language && text?.startsWith(start),
  )?.[2] ?? ''

describe('docs/config.md', () => {
  it('shows problems as they are', () => {
    const command = block('bash', 'TELEMETRY_BACKENDS=').split(' node ', 1)[0] ?? ''
    const env = Object.fromEntries(command.split(' ').map((each) => each.split('=', 2)))
    const error = errorOf(env)
    expect(block('', 'TelemetryError').trimEnd()).toBe(`TelemetryError: ${error.message}`)
  })

  it('shows a file that works', () => {
    const cwd = mkdtempSync(join(tmpdir(), 'signalbox-docs-'))
    onTestFinished(() => rmSync(cwd, { recursive: true }))
    writeFileSync(join(cwd, 'telemetry.yaml'), block('yaml', 'backends:').replace('  - grafana\n', ''))
    const config = resolve({ TELEMETRY_CONFIG: 'telemetry.yaml' }, undefined, { cwd })
    expect(backendOf(config, 'collector').signals).toEqual(['traces'])
    expect(config).toMatchObject({ batch: { logs: { maxItems: 1_000 } }, logging: { redact: ['card.number'] } })
  })
})
