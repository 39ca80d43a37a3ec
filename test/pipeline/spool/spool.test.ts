import { fork } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { diagnostics } from '../../../src/diagnostics.ts'
import { Spool, type SpoolEntry, type SpoolOptions } from '../../../src/pipeline/spool/spool.ts'
import type { SpooledRequest } from '../../../src/pipeline/spool/frames.ts'

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'signalbox-spool-'))
  onTestFinished(() => rmSync(path, { recursive: true, force: true }))
  return join(path, 'grafana', 'traces')
}

interface Opened {
  readonly spool: Spool
  readonly adopted: SpoolEntry[]
  readonly evicted: SpoolEntry[]
}

async function opened(path: string, more: Partial<SpoolOptions> = {}): Promise<Opened> {
  const [adopted, evicted]: [SpoolEntry[], SpoolEntry[]] = [[], []]
  const spool = new Spool({
    path,
    maxBytes: 100_000_000,
    onEvicted: (entries) => evicted.push(...entries),
    onAdopted: (entries) => adopted.push(...entries),
    ...more,
  })
  await spool.start()
  onTestFinished(() => spool.close())
  return { spool, adopted, evicted }
}

const requestOf = (text: string, count = 1): SpooledRequest => ({
  count,
  closedAtMs: 1_767_225_600_000,
  compression: 'gzip',
  body: Buffer.from(text),
})
const textOf = async (spool: Spool, entry: SpoolEntry): Promise<string | undefined> => {
  const body = await spool.read(entry)
  return body && Buffer.from(body).toString()
}
const filesOf = (path: string): string[] =>
  readdirSync(path, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.seg'))

describe('a spool', () => {
  it('gives back what was put in, for its owner alone, and leaves no file behind', async () => {
    const path = folder()
    const { spool } = await opened(path)
    expect(existsSync(path)).toBe(false)
    const entries = [await spool.append(requestOf('one')), await spool.append(requestOf('two', 7))]
    expect(await Promise.all(entries.map((entry) => textOf(spool, entry)))).toEqual(['one', 'two'])
    expect(entries.map(({ count, closedAtMs, compression }) => [count, closedAtMs, compression])).toEqual([
      [1, 1_767_225_600_000, 'gzip'],
      [7, 1_767_225_600_000, 'gzip'],
    ])
    const [file = ''] = filesOf(path)
    expect(statSync(join(path, file)).mode & 0o777).toBe(0o600)
    expect(statSync(path).mode & 0o777).toBe(0o700)
    for (const entry of entries) await spool.settle(entry)
    expect([filesOf(path), spool.bytes]).toEqual([[], 0])
    await spool.close()
    expect(readdirSync(path)).toEqual([])
  })

  it('has after a restart what was not settled before it, oldest first', async () => {
    const path = folder()
    const before = await opened(path)
    const entries = []
    for (const text of ['one', 'two', 'three', 'four']) entries.push(await before.spool.append(requestOf(text)))
    await before.spool.settle(entries[1]!)
    await before.spool.close()
    const { spool, adopted } = await opened(path)
    expect(await Promise.all(adopted.map((entry) => textOf(spool, entry)))).toEqual(['one', 'three', 'four'])
    await spool.append(requestOf('five'))
    await spool.settle(adopted[0]!)
    await spool.close()
    const last = await opened(path)
    expect(await Promise.all(last.adopted.map((entry) => textOf(last.spool, entry)))).toEqual(['three', 'four', 'five'])
  })

  it('takes the files of a process that was killed, at once, and of one that is alive not at all', async () => {
    const path = folder()
    const child = fork(new URL('apps/spooler.ts', import.meta.url), [path], {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    })
    await once(child, 'message')
    expect((await opened(path)).adopted).toEqual([])
    child.kill('SIGKILL')
    await once(child, 'exit')
    const { spool, adopted } = await opened(path)
    expect(await textOf(spool, adopted[0]!)).toBe('of a child')
    expect(adopted).toHaveLength(100)
  })

  it('is shared by two who open it at once without giving anything twice', async () => {
    const path = folder()
    const before = await opened(path)
    for (let index = 0; index < 50; index += 1) await before.spool.append(requestOf(String(index)))
    await before.spool.close()
    const both = await Promise.all([opened(path), opened(path)])
    const texts = await Promise.all(both.flatMap(({ spool, adopted }) => adopted.map((entry) => textOf(spool, entry))))
    expect(texts.sort()).toEqual(Array.from({ length: 50 }, (_, index) => String(index)).sort())
  })

  it('lets the oldest file go where there is no room, and says which requests those were', async () => {
    const { spool, evicted } = await opened(folder(), { maxBytes: 300_000 })
    const body = 'x'.repeat(20_000)
    for (let index = 0; index < 40; index += 1) await spool.append(requestOf(`${index} ${body}`))
    expect(spool.bytes).toBeLessThanOrEqual(300_000)
    expect(evicted.map(({ id }) => id).length).toBeGreaterThan(20)
    const left = await spool.append(requestOf('last'))
    expect(await textOf(spool, left)).toBe('last')
    expect(await spool.read(evicted[0]!)).toBeUndefined()
  })

  it('reads what is whole of a torn and of a damaged file, and says so', async () => {
    const path = folder()
    const before = await opened(path)
    for (const text of ['one', 'two', 'three']) await before.spool.append(requestOf(text.repeat(100)))
    await before.spool.close()
    const file = join(path, filesOf(path)[0]!)
    truncateSync(file, statSync(file).size - 10)
    const torn = await opened(path)
    expect(torn.adopted).toHaveLength(2)
    await torn.spool.append(requestOf('after'))
    await torn.spool.close()
    diagnostics.reset()
    const bytes = readFileSync(join(path, filesOf(path).sort()[0]!))
    bytes[60] = 0xff
    writeFileSync(join(path, filesOf(path).sort()[0]!), bytes)
    expect((await opened(path)).adopted.length).toBeGreaterThanOrEqual(1)
    expect(diagnostics.counters()['spool_frames_damaged']).toBe(1)
  })

  it('deletes a file that is none of its own kind', async () => {
    const path = folder()
    mkdirSync(join(path, '1-left'), { recursive: true, mode: 0o700 })
    chmodSync(path, 0o700)
    writeFileSync(join(path, '1-left', '00000001.seg'), 'something else')
    const { adopted } = await opened(path)
    expect([adopted, filesOf(path)]).toEqual([[], []])
  })

  it('waits with a silent process of another machine, and takes its files after a minute', async () => {
    const path = folder()
    const before = await opened(path)
    await before.spool.append(requestOf('far away'))
    await before.spool.close()
    const [owner = ''] = readdirSync(path)
    const note = join(path, owner, 'owner.json')
    writeFileSync(note, JSON.stringify({ host: 'elsewhere', pid: 1, instance: 'other' }))
    expect((await opened(path)).adopted).toEqual([])
    utimesSync(note, new Date(Date.now() - 61_000), new Date(Date.now() - 61_000))
    expect((await opened(path)).adopted).toHaveLength(1)
  })
})

describe('a folder that is not its owner’s alone', () => {
  it('is refused: open to others, a link, a file', async () => {
    const open = folder()
    mkdirSync(open, { recursive: true })
    chmodSync(open, 0o755)
    await expect(opened(open)).rejects.toThrow(/open to other users/)
    const link = folder()
    mkdirSync(join(link, '..'), { recursive: true })
    symlinkSync(tmpdir(), link)
    await expect(opened(link)).rejects.toThrow(/is no folder|EEXIST/)
    const file = folder()
    mkdirSync(join(file, '..'), { recursive: true })
    writeFileSync(file, '')
    await expect(opened(file)).rejects.toThrow(/is no folder|EEXIST/)
  })
})
