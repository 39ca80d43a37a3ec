import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { diagnostics } from '../../src/diagnostics.ts'
import { loadInstrumentations, modulesOf } from '../../src/instrument/instrumentations.ts'

const namesOf = (names: readonly string[] | 'auto', folder: string): string[] =>
  loadInstrumentations(names, [folder]).map(({ instrumentationName }) =>
    instrumentationName.replace('@opentelemetry/instrumentation-', ''),
  )

describe('loadInstrumentations', () => {
  const said: string[] = []
  let ignore: () => void
  beforeEach(() => {
    said.length = 0
    diagnostics.reset()
    diagnostics.setLevel('none')
    ignore = diagnostics.listen(({ message }) => void said.push(message))
  })
  afterEach(() => {
    ignore()
    diagnostics.setLevel('warn')
  })

  it('takes by itself the bundled ones and those installed with their target', () => {
    expect(namesOf('auto', process.cwd())).toEqual(['http', 'undici', 'runtime-node', 'pino', 'ioredis', 'pg'])
    expect(said).toEqual([])
  })

  it('takes the bundled ones alone where the application has no others', async () => {
    const empty = await mkdtemp(join(tmpdir(), 'signalbox-empty-'))
    expect(namesOf('auto', empty)).toEqual(['http', 'undici', 'runtime-node', 'pino'])
  })

  it('takes what is named, and says how to install what is missing', async () => {
    const empty = await mkdtemp(join(tmpdir(), 'signalbox-empty-'))
    expect(namesOf(['http', 'pg', 'no-such', 'htpp'], empty)).toEqual(['http'])
    expect(said).toEqual([
      'instrumentation "pg" is not installed. Run: npm install @opentelemetry/instrumentation-pg',
      'instrumentation "no-such" is not installed. Run: npm install @opentelemetry/instrumentation-no-such',
      'instrumentation "htpp" is not installed. Did you mean "http"?',
    ])
    expect(namesOf([], empty)).toEqual([])
    expect(namesOf(['constructor'], empty)).toEqual([])
  })

  it('knows which modules are patched', () => {
    expect(modulesOf(loadInstrumentations(['http', 'pino', 'pg'], [process.cwd()]))).toEqual(
      expect.arrayContaining(['http', 'https', 'pino', 'pg', 'pg-pool']),
    )
  })
})
