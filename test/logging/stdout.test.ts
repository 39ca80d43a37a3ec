import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { diagnostics } from '../../src/diagnostics.ts'
import { createLineDestination } from '../../src/logging/stdout.ts'
import { writtenKeys } from './support.ts'

function run(app: string, ...args: string[]): ChildProcessWithoutNullStreams {
  const file = fileURLToPath(new URL(`./apps/${app}`, import.meta.url))
  const child = spawn(process.execPath, ['--no-warnings', file, ...args])
  onTestFinished(() => {
    child.kill('SIGKILL')
  })
  return child
}

interface Counted {
  readonly counters: Readonly<Record<string, number>>
  readonly said: readonly string[]
}

function readReport(stderr: string): Counted {
  const all = stderr.split('\n').filter((line) => line !== '')
  const counters = all.find((line) => line.startsWith('counters '))
  return {
    counters: JSON.parse(counters?.slice('counters '.length) ?? '{}') as Record<string, number>,
    said: all.filter((line) => line.startsWith('signalbox: ')),
  }
}

describe('stdout of a process', () => {
  it('gets every line, in order, also from before an exit and without a start', async () => {
    const child = run('write-lines.ts', '500', '100', 'exit')
    const [out, , [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
    const indices = out
      .trimEnd()
      .split('\n')
      .map((line) => (JSON.parse(line) as { index: number }).index)
    expect(indices).toEqual(Array.from({ length: 500 }, (_, index) => index))
    expect(code).toBe(3)
  })

  it('gets the lines before a crash, which stays a crash', async () => {
    const child = run('write-lines.ts', '20', '10', 'crash fatal')
    const [out, err, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
    expect(out.trimEnd().split('\n')).toHaveLength(21)
    expect(err).toContain('no-such-module')
    expect(code).toBe(1)
  })

  it('may be closed by its reader: the process lives, counts and says it once', async () => {
    const child = run('write-lines.ts', '300', '10', 'wait fatal')
    child.stdout.destroy()
    await once(child.stdout, 'close')
    child.stdin.end('go')
    const [err, [code]] = await Promise.all([text(child.stderr), once(child, 'close')])
    expect(code).toBe(0)
    const { counters, said } = readReport(err)
    expect(counters['stdout_lines_unwritten']).toBe(301)
    expect(said).toEqual(['signalbox: log lines cannot be written to stdout: it is closed'])
  })

  it('waits for a reader that is a little slow, on a pipe that does not block', async () => {
    const child = run('write-lines.ts', '200', '2000', 'nonblocking')
    const reports = text(child.stderr)
    await once(child.stdout, 'readable')
    const [out, err, [code]] = await Promise.all([text(child.stdout), reports, once(child, 'close')])
    const lines = out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { index: number; msg: string })
    expect(lines.map(({ index }) => index)).toEqual(Array.from({ length: 200 }, (_, index) => index))
    expect(new Set(lines.map(({ msg }) => msg)).size).toBe(1)
    expect(readReport(err).counters).toEqual({})
    expect(code).toBe(0)
  })

  it('may have a reader that does not read at all: lines are dropped whole and counted', async () => {
    const child = run('write-lines.ts', '300', '2000', 'nonblocking')
    const err = await text(child.stderr)
    const closed = once(child, 'close')
    const lines = (await text(child.stdout)).split('\n').filter((line) => line !== '')
    await closed
    const { counters, said } = readReport(err)
    const whole = lines.filter((line) => line.endsWith('}'))
    expect(counters['stdout_lines_unwritten']).toBeGreaterThan(0)
    expect(said).toEqual(['signalbox: log lines cannot be written to stdout: its reader does not keep up'])
    expect(whole.map((line) => (JSON.parse(line) as { index: number }).index)).toEqual(whole.map((_, index) => index))
    expect(lines.length - whole.length).toBeLessThanOrEqual(1)
  })

  it('may be replaced, and switched off', async () => {
    const child = run('replaced-stdout.ts')
    const [out, err] = await Promise.all([text(child.stdout), text(child.stderr)])
    expect(out).toBe('')
    expect(JSON.parse(err)).toEqual(['to the replacement', 'again'])
  })
})

describe('beside instrumentation-pino', () => {
  it('our lines have the trace once, those of loggers loaded later have it too, and each record arrives once', async () => {
    const child = run('beside-instrumentation.ts')
    const [out, err] = await Promise.all([text(child.stdout), text(child.stderr)])
    const { traceId, records } = JSON.parse(err) as { traceId: string; records: unknown[] }
    const written = out.trimEnd().split('\n')
    expect(written.map((line) => (JSON.parse(line) as { trace_id: string }).trace_id)).toEqual(Array(4).fill(traceId))
    for (const line of written) {
      expect(writtenKeys(line)).toEqual([
        'level',
        'time',
        'pid',
        'hostname',
        'trace_id',
        'span_id',
        'trace_flags',
        'msg',
      ])
    }
    expect(records).toEqual(['ours', 'default import', 'named import', 'required'].map((body) => [body, traceId, {}]))
  })
})

describe('createLineDestination', () => {
  beforeEach(() => {
    diagnostics.reset()
    diagnostics.setLevel('none')
  })

  const failure = (code: string): Error => Object.assign(new Error(`${code}: no`), { code })

  /** A descriptor that answers as scripted: a number of bytes it takes, or an error; then it takes everything. */
  function descriptor(...answers: (number | Error)[]): { write(data: string | Uint8Array): number; text(): string } {
    const taken: Buffer[] = []
    return {
      write(data) {
        const bytes = Buffer.from(data as string)
        const answer = answers.shift() ?? bytes.length
        if (typeof answer !== 'number') throw answer
        taken.push(bytes.subarray(0, answer))
        return Math.min(answer, bytes.length)
      },
      text: () => Buffer.concat(taken).toString(),
    }
  }

  it('finishes lines that are taken in parts, within a character too', () => {
    const fd = descriptor(3, 1, failure('EAGAIN'), 2)
    const out = createLineDestination(fd.write)
    out.write('äöü-one\n')
    out.write('two\n')
    expect(fd.text()).toBe('äöü-one\ntwo\n')
    expect(diagnostics.counters()).toEqual({})
  })

  it('finishes a non-ASCII line of which as many bytes were taken as it has characters', () => {
    const fd = descriptor(4)
    createLineDestination(fd.write).write('ééé\n')
    expect(fd.text()).toBe('ééé\n')
  })

  it('drops a line it could not begin, and goes on with the next', () => {
    const fd = descriptor(failure('ENOSPC'))
    const out = createLineDestination(fd.write)
    out.write('one\n')
    out.write('two\n')
    expect(fd.text()).toBe('two\n')
    expect(diagnostics.counters()).toEqual({ stdout_lines_unwritten: 1 })
  })

  it('finishes a line cut short by an error before the next', () => {
    const fd = descriptor(2, failure('EIO'), failure('EIO'))
    const out = createLineDestination(fd.write)
    out.write('one\n')
    out.write('two\n')
    out.write('three\n')
    expect(fd.text()).toBe('one\nthree\n')
  })

  it('writes nothing more once it is closed', () => {
    const fd = descriptor(failure('EPIPE'))
    const out = createLineDestination(fd.write)
    for (const line of ['one\n', 'two\n', 'three\n']) out.write(line)
    expect(fd.text()).toBe('')
    expect(diagnostics.counters()).toEqual({ stdout_lines_unwritten: 3 })
  })

  it('writes nothing while it is off', () => {
    const fd = descriptor()
    let isOn = false
    const out = createLineDestination(fd.write, () => isOn)
    out.write('one\n')
    isOn = true
    out.write('two\n')
    expect(fd.text()).toBe('two\n')
    expect(diagnostics.counters()).toEqual({})
  })
})
