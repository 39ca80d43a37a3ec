import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import { PassThrough, Writable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Diagnostic, diagnostics } from '../../src/diagnostics.ts'
import { createLineWriter } from '../../src/transport/line-writer.ts'

const never = new AbortController().signal
const said: Diagnostic[] = []
let unlisten: () => void

beforeEach(() => {
  said.length = 0
  diagnostics.reset()
  diagnostics.setLevel('none')
  unlisten = diagnostics.listen((diagnostic) => said.push(diagnostic))
})
afterEach(() => {
  unlisten()
  diagnostics.setLevel('warn')
})

const nextTurn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve))

describe('a line writer', () => {
  it('writes lines with their ends, a batch in one piece', async () => {
    const chunks: string[] = []
    const stream = new Writable({
      write(chunk: Buffer, _encoding, done) {
        chunks.push(chunk.toString())
        done()
      },
    })
    const writer = createLineWriter(stream)
    writer.write(['one', 'two'])
    writer.write([])
    writer.write(['three'])
    await nextTurn()
    expect(chunks).toEqual(['one\ntwo\n', 'three\n'])
  })

  it('waits for the reader of a real socket when too much is waiting, until told to stop', async () => {
    const server = createServer()
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const accepted = once(server, 'connection')
    const stream = connect((server.address() as { port: number }).port, '127.0.0.1')
    await once(stream, 'connect')
    const [reader] = (await accepted) as [import('node:net').Socket]
    reader.pause()
    const writer = createLineWriter(stream, { maxBufferedBytes: 100_000 })
    let lines = 0
    while ((await writer.ready(AbortSignal.timeout(50))) === 'ready') {
      writer.write(Array.from({ length: 100 }, () => 'x'.repeat(999)))
      lines += 100
    }
    expect(await writer.ready(AbortSignal.abort())).toBe('stalled')
    expect(stream.listenerCount('drain')).toBe(0)

    const ready = writer.ready(never)
    let received = 0
    reader.on('data', (data: Buffer) => (received += data.length))
    reader.resume()
    expect(await ready).toBe('ready')
    writer.write(['x'.repeat(999_999)])
    lines += 1_000
    await writer.drained()
    expect(stream.writableLength).toBe(0)
    stream.end()
    await once(reader, 'end')
    expect(received).toBe(lines * 1_000)
    reader.destroy()
    server.close()
  })

  it('ends a wait when the stream closes under it', async () => {
    const stream = new PassThrough({ highWaterMark: 10 })
    const writer = createLineWriter(stream, { maxBufferedBytes: 10 })
    writer.write(['more than ten bytes', 'and more'])
    const ready = writer.ready(never)
    stream.destroy(Object.assign(new Error('gone'), { code: 'EPIPE' }))
    expect(await ready).toBe('closed')
    expect(writer.closed).toBe(true)
    await writer.drained()
  })

  it('counts every line that a closed stream did not take, and says it once', async () => {
    const stream = new Writable({
      write: (_chunk, _encoding, done) => done(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' })),
    })
    const writer = createLineWriter(stream)
    writer.write(['one', 'two'])
    await nextTurn()
    writer.write(['three'])
    await nextTurn()
    expect(diagnostics.counters()).toEqual({ stdout_closed_lines: 3 })
    expect(said).toEqual([
      { level: 'warn', message: "the console's output is closed (EPIPE); what does not arrive is counted and dropped" },
    ])
  })

  it('tells an error that may pass from a closed stream', async () => {
    // As stdout redirected to a file: its writes are synchronous, and a failed one does not end it.
    const stream = new Writable({
      autoDestroy: false,
      write: (_chunk, _encoding, done) => done(Object.assign(new Error('disk is full'), { code: 'ENOSPC' })),
    })
    const writer = createLineWriter(stream)
    writer.write(['lost'])
    await nextTurn()
    expect(writer.closed).toBe(false)
    expect(diagnostics.counters()).toEqual({ stdout_failed_lines: 1 })
    expect(said[0]?.message).toContain('cannot be written to (ENOSPC)')
  })

  it('puts one listener on a stream however many writers it has', () => {
    const stream = new PassThrough()
    for (let index = 0; index < 20; index += 1) createLineWriter(stream)
    expect(stream.listenerCount('error')).toBe(1)
  })
})

describe('a real process whose stdout is closed', () => {
  it('lives on, counts what was not read and says so once', async () => {
    const child = spawn(process.execPath, ['test/transport/apps/closed-pipe.ts'], { stdio: 'pipe' })
    const stderr = text(child.stderr)
    const exited = once(child, 'exit')
    const [first] = (await once(child.stdout, 'data')) as [Buffer]
    expect(first.toString()).toBe('first\n')
    const closed = once(child.stdout, 'close')
    child.stdout.destroy()
    await closed
    child.stdin.write('go\n')
    expect(await exited).toEqual([0, null])

    const lines = (await stderr).trimEnd().split('\n')
    expect(lines).toHaveLength(2)
    expect(lines[0]).toBe(
      "signalbox: the console's output is closed (EPIPE); what does not arrive is counted and dropped",
    )
    const report = JSON.parse(lines[1] ?? '') as { written: number }
    expect(report).toEqual({
      readiness: 'closed',
      errorListeners: 1,
      written: report.written,
      counters: { stdout_closed_lines: report.written + 1 },
    })
    expect(report.written).toBeGreaterThan(0)
  })
})
