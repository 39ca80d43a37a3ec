import { execFile } from 'node:child_process'
import { Writable } from 'node:stream'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { consoleBackend } from '../../src/backends/console.ts'
import { type ConsoleBackendOptions, createConsoleBackend } from '../../src/backends/console/create-console-backend.ts'
import { ValueError } from '../../src/config/option.ts'
import { diagnostics } from '../../src/diagnostics.ts'
import { logsOf, orderRequest, page, recorder } from './console-support.ts'

const never = new AbortController().signal

beforeEach(() => {
  diagnostics.reset()
  diagnostics.setLevel('none')
})
afterEach(() => {
  vi.unstubAllEnvs()
  diagnostics.setLevel('warn')
})

async function firstLine(options: Partial<ConsoleBackendOptions>, traits: object = {}): Promise<string> {
  const stream = Object.assign(page(), traits)
  const backend = createConsoleBackend({ stream, ...options })
  const sdk = recorder()
  sdk.log(0, 'hello')
  await backend.deliver(sdk.take().logs, never)
  await backend.close?.()
  return stream.text
}

/** What Node's own check for colours looks at. */
const terminal = {
  isTTY: true,
  getColorDepth: (env: NodeJS.ProcessEnv = process.env) =>
    (env['NO_COLOR'] ?? '') !== '' && env['FORCE_COLOR'] === undefined ? 1 : 8,
}

describe('the options', () => {
  const { format, maxTraces, maxItems, maxAgeMs } = consoleBackend.options

  it('take the three formats, however they are written', () => {
    expect(['tree', ' LINES ', 'Json'].map(format.parse)).toEqual(['tree', 'lines', 'json'])
    for (const raw of ['tre', '', 'constructor', 1, null, ['tree']]) {
      expect(() => format.parse(raw)).toThrow(ValueError)
    }
    expect(() => format.parse('tre')).toThrow(expect.objectContaining({ hint: 'Use one of tree, lines, json.' }))
    expect(format.env).toEqual(['TELEMETRY_CONSOLE_FORMAT'])
  })

  it('take whole numbers above 0, and a duration', () => {
    expect([maxTraces.parse('500'), maxItems.parse(20), maxAgeMs.parse('5s')]).toEqual([500, 20, 5_000])
    for (const raw of ['0', '-1', '1.5', '1e3', 'many', Number.NaN, undefined]) {
      expect(() => maxTraces.parse(raw)).toThrow(ValueError)
    }
  })
})

describe('the choice of format and colour', () => {
  beforeEach(() => {
    vi.stubEnv('FORCE_COLOR', undefined)
    vi.stubEnv('NO_COLOR', undefined)
  })

  it('is a tree in colours on a terminal and colourless JSON elsewhere', async () => {
    expect(await firstLine({}, terminal)).toMatch(
      /^\u001b\[2m\d\d:\d\d:\d\d\.000\u001b\[22m {2}\u001b\[36mINFO \u001b\[39m {2}hello\n$/,
    )
    expect(JSON.parse(await firstLine({}))).toMatchObject({ type: 'log', body: 'hello' })
    expect(await firstLine({ format: 'lines' })).toMatch(/^\d\d:\d\d:\d\d\.000 {2}INFO {3}hello\n$/)
  })

  it('honours NO_COLOR unless it is empty, and FORCE_COLOR', async () => {
    vi.stubEnv('NO_COLOR', '1')
    expect(await firstLine({}, terminal)).not.toContain('\u001b')
    vi.stubEnv('NO_COLOR', '')
    expect(await firstLine({}, terminal)).toContain('\u001b[36m')
    vi.stubEnv('NO_COLOR', undefined)
    vi.stubEnv('FORCE_COLOR', '1')
    expect(await firstLine({ format: 'lines' })).toContain('\u001b[36m')
    expect(await firstLine({ format: 'json' })).not.toContain('\u001b')
  })

  it('draws as wide as the terminal is at that moment', async () => {
    const stream = Object.assign(page(), { columns: 70 })
    const backend = createConsoleBackend({ stream, format: 'tree', color: false })
    const widths: number[] = []
    for (const columns of [70, 120]) {
      stream.columns = columns
      const sdk = recorder()
      orderRequest(sdk)
      await backend.deliver(sdk.take().traces, never)
      await backend.flush?.()
      widths.push(
        Math.max(
          ...stream
            .take()
            .split('\n')
            .map(({ length }) => length),
        ),
      )
    }
    expect(widths[0]).toBeLessThan(70)
    expect(widths[1]).toBeGreaterThan(100)
    await backend.close?.()
  })
})

describe('an output that does not take it', () => {
  const batch = (): ReturnType<typeof logsOf> => {
    const sdk = recorder()
    sdk.log(0, 'hello')
    return sdk.take().logs
  }

  it('rejects what is delivered when the output is closed, the batch during which it closed included', async () => {
    const stream = new Writable({
      write: (_chunk, _encoding, done) => done(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' })),
    })
    const backend = createConsoleBackend({ stream, format: 'json' })
    const closed = { kind: 'rejected', reason: 'stdout_closed', message: 'nobody reads the output any more' }
    expect(await backend.check?.(never)).toEqual({ kind: 'delivered' })
    expect(await backend.deliver(batch(), never)).toEqual(closed)
    expect(await backend.deliver(batch(), never)).toEqual(closed)
    expect(await backend.check?.(never)).toEqual(closed)
    expect(diagnostics.counters()).toEqual({ stdout_closed_lines: 1 })
    await backend.close?.()
  })

  it('asks for a retry, having written nothing, while the output is not read', async () => {
    const taken: string[] = []
    let resume = (): void => {}
    const stream = new Writable({
      highWaterMark: 1,
      write(chunk: Buffer, _encoding, done) {
        taken.push(chunk.toString())
        if (taken.length === 1) resume = done
        else done()
      },
    })
    const backend = createConsoleBackend({ stream, format: 'lines' })
    stream.write('x'.repeat(5_000_000))
    expect(await backend.deliver(batch(), AbortSignal.timeout(20))).toMatchObject({
      kind: 'retry',
      reason: 'stdout_stalled',
    })
    const second = backend.deliver(batch(), never)
    resume()
    expect(await second).toEqual({ kind: 'delivered' })
    expect(taken.map((text) => text.length < 100 && text.includes('hello'))).toEqual([false, true])
    await backend.close?.()
  })

  it('leaves out what cannot be read and shows the rest', async () => {
    const stream = page()
    const backend = createConsoleBackend({ stream, format: 'lines', color: false })
    const sdk = recorder()
    sdk.log(0, 'bad')
    sdk.log(1, 'good')
    const [bad, good] = sdk.records.splice(0)
    const broken = Object.defineProperty(Object.create(bad ?? null) as (typeof sdk.records)[0], 'attributes', {
      get: () => {
        throw new Error('no attributes')
      },
    })
    expect(await backend.deliver(logsOf([broken, good].filter((record) => record !== undefined)), never)).toEqual({
      kind: 'delivered',
    })
    expect(stream.text).toMatch(/^\S+ {2}INFO {3}good\n$/)
    expect(diagnostics.counters()).toEqual({ console_undrawable: 1 })
    await backend.close?.()
  })
})

describe('a real process', () => {
  const run = (...args: string[]): Promise<{ code: unknown; stdout: string; stderr: string }> =>
    new Promise((resolve) => {
      const env = { ...process.env, TZ: 'UTC', FORCE_COLOR: undefined }
      execFile(process.execPath, ['test/backends/console-app.ts', ...args], { env }, (error, stdout, stderr) =>
        resolve({ code: error?.code ?? 0, stdout, stderr }),
      )
    })

  it('writes JSON into a pipe by default', async () => {
    const { code, stdout } = await run('default')
    expect(code).toBe(0)
    const types = stdout
      .trimEnd()
      .split('\n')
      .map((line) => (JSON.parse(line) as { type: string }).type)
    expect(types).toEqual([...Array<string>(5).fill('span'), ...Array<string>(3).fill('log')])
  })

  it.each([
    ['exit', 3],
    ['throw', 1],
    ['end', 0],
  ])('shows a tree that waited for its log records when it ends by %s', async (ending, expected) => {
    const { code, stdout } = await run('tree', ending)
    expect(code).toBe(expected)
    expect(stdout.trimEnd().split('\n')).toHaveLength(13)
    expect(stdout).toContain('│  INFO   order received')
  })
})
