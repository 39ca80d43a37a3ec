import { fork } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
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
  readonly path: string
  readonly spool: Spool
  readonly adopted: SpoolEntry[]
  readonly evicted: SpoolEntry[]
  readonly takenOver: SpoolEntry[]
}

async function opened(path: string, more: Partial<SpoolOptions> = {}): Promise<Opened> {
  const [adopted, evicted, takenOver]: [SpoolEntry[], SpoolEntry[], SpoolEntry[]] = [[], [], []]
  const spool = new Spool({
    path,
    maxBytes: 100_000_000,
    onEvicted: (entries) => evicted.push(...entries),
    onAdopted: (entries) => adopted.push(...entries),
    onTakenOver: (entries) => takenOver.push(...entries),
    ...more,
  })
  await spool.start()
  onTestFinished(() => spool.close())
  return { path, spool, adopted, evicted, takenOver }
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

describe('a process that is silent', () => {
  const longAgo = new Date(Date.now() - 3_600_000)
  const noteIn = (path: string): string => {
    const [owner = ''] = readdirSync(path)
    return join(path, owner, 'owner.json')
  }

  it('keeps its files as long as it lives, on this machine', async () => {
    const path = folder()
    const child = fork(new URL('apps/spooler.ts', import.meta.url), [path], {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    })
    await once(child, 'message')
    child.kill('SIGSTOP')
    utimesSync(noteIn(path), longAgo, longAgo)
    expect((await opened(path)).adopted).toEqual([])
    child.kill('SIGKILL')
    await once(child, 'exit')
    expect((await opened(path)).adopted).toHaveLength(100)
  })

  it('loses its files to the next one where its number belongs to another process by now', async () => {
    const path = folder()
    const before = await opened(path)
    await before.spool.append(requestOf('of the one before'))
    await before.spool.close()
    const [owner = ''] = readdirSync(path)
    const other = await opened(folder())
    await other.spool.append(requestOf('x'))
    const note = JSON.parse(readFileSync(noteIn(other.path), 'utf8')) as object
    writeFileSync(join(path, owner, 'owner.json'), JSON.stringify({ ...note, instance: 'gone', startedAt: '1' }))
    expect((await opened(path)).adopted).toHaveLength(1)
  })

  it('leaves to another machine what that one took over, and goes on in a folder of its own', async () => {
    const path = folder()
    const { spool, takenOver } = await opened(path)
    const entries = []
    for (const text of ['one', 'two', 'three']) entries.push(await spool.append(requestOf(text)))
    writeFileSync(noteIn(path), JSON.stringify({ host: 'elsewhere', pid: 1, instance: 'other', place: 'elsewhere' }))
    utimesSync(noteIn(path), longAgo, longAgo)
    const thief = await opened(path)
    expect(thief.adopted).toHaveLength(3)
    const four = await spool.append(requestOf('four'))
    expect(takenOver.map(({ id }) => id)).toEqual([1, 2, 3])
    expect(await textOf(spool, four)).toBe('four')
    expect(await textOf(spool, entries[0]!)).toBeUndefined()
    const texts = await Promise.all(thief.adopted.map((entry) => textOf(thief.spool, entry)))
    expect(texts).toEqual(['one', 'two', 'three'])
    for (const entry of thief.adopted) await thief.spool.settle(entry)
    await spool.settle(entries[1]!)
    expect(filesOf(path)).toHaveLength(1)
    await spool.settle(four)
    expect(filesOf(path)).toEqual([])
  })
})

describe('a folder that goes', () => {
  it('is made again with what comes next', async () => {
    const path = folder()
    const { spool, takenOver } = await opened(path)
    const lost = await spool.append(requestOf('lost'))
    rmSync(join(path, '..'), { recursive: true })
    const kept = await spool.append(requestOf('kept'))
    expect([await textOf(spool, lost), await textOf(spool, kept)]).toEqual([undefined, 'kept'])
    expect(takenOver).toEqual([])
    await spool.settle(lost)
    await spool.settle(kept)
    expect([filesOf(path), spool.bytes]).toEqual([[], 0])
  })
})

describe('what crashes leave', () => {
  const large = Buffer.alloc(10_000, 'x')
  const crash = async (path: string, more: Partial<SpoolOptions> = {}): Promise<number> => {
    const { spool, adopted } = await opened(path, more)
    const kept = spool.appendNow(Array.from({ length: 5 }, (_, id) => ({ ...requestOf(String(id)), body: large })))
    await spool.close()
    return adopted.length + kept.length
  }
  const bytesIn = (path: string): number =>
    filesOf(path).reduce((sum, name) => sum + statSync(join(path, name)).size, 0)

  it('is never more than the limit, the newest of it', async () => {
    const path = folder()
    for (let crashes = 0; crashes < 12; crashes += 1) {
      await crash(path, { maxBytes: 120_000 })
      expect(bytesIn(path)).toBeLessThanOrEqual(120_000)
    }
    expect(bytesIn(path)).toBeGreaterThan(90_000)
    const { adopted, evicted } = await opened(path, { maxBytes: 60_000 })
    expect([adopted.length, evicted.length]).toEqual([10, 5])
  })

  it('is the newest of more than there is room for, and it is said which', async () => {
    const path = folder()
    const { spool } = await opened(path, { maxBytes: 35_000 })
    const requests = Array.from({ length: 9 }, (_, id) => ({ ...requestOf(String(id)), body: Buffer.from(large) }))
    expect(spool.appendNow(requests)).toEqual(requests.slice(6))
    await spool.close()
    expect((await opened(path)).adopted).toHaveLength(3)
  })

  it('is what is said to be there, and within the limit, also where one is being written by then', async () => {
    for (let times = 0; times < 60; times += 1) {
      const path = folder()
      const { spool } = await opened(path, { maxBytes: 100_000 })
      const sized = (size: number, count: number): SpooledRequest => ({
        ...requestOf('', count),
        body: Buffer.alloc(size, 'x'),
      })
      const [first, second, third] = [sized(2_000, 1), sized(2_000, 2), sized(97_500 + (times % 3) * 750, 3)]
      await spool.append(first)
      const appended = spool.append(second).catch(() => {})
      for (let ticks = 0; ticks <= times % 5; ticks += 1) await new Promise((resolve) => setImmediate(resolve))
      const kept = spool.appendNow([second, third]).map(({ count }) => count)
      expect(bytesIn(path)).toBeLessThanOrEqual(100_000)
      await appended
      await spool.close()
      const { adopted } = await opened(path)
      expect(adopted.map(({ count }) => count)).toEqual(expect.arrayContaining(kept))
    }
  })

  it('takes no file descriptors while it waits, however much it is', async () => {
    const path = folder()
    for (let crashes = 0; crashes < 60; crashes += 1) {
      const home = join(path, `${1_700_000_000_000 + crashes}-1-dead`)
      mkdirSync(home, { recursive: true, mode: 0o700 })
      const { spool } = await opened(join(home, 'x'))
      spool.appendNow([requestOf(String(crashes))])
      const [file = ''] = filesOf(join(home, 'x'))
      renameSync(join(home, 'x', file), join(home, '00000001.seg'))
      rmSync(join(home, 'x'), { recursive: true })
    }
    chmodSync(path, 0o700)
    const before = readdirSync('/proc/self/fd').length
    const { spool, adopted } = await opened(path)
    expect(adopted).toHaveLength(60)
    expect(readdirSync('/proc/self/fd').length - before).toBeLessThan(5)
    expect(await Promise.all(adopted.map((entry) => textOf(spool, entry)))).toEqual(
      Array.from({ length: 60 }, (_, index) => String(index)),
    )
    for (const entry of adopted) await spool.settle(entry)
    expect(readdirSync(path)).toEqual([])
  })
})

describe('a folder that is not its owner’s alone', () => {
  it('is refused: open to others, a link, a file', async () => {
    const open = folder()
    mkdirSync(open, { recursive: true })
    chmodSync(open, 0o755)
    await expect(opened(open)).rejects.toThrow(/open to other users/)
    const above = folder()
    mkdirSync(above, { recursive: true, mode: 0o700 })
    chmodSync(join(above, '..'), 0o777)
    await expect(opened(above)).rejects.toThrow(/grafana is open to other users/)
    const elsewhere = folder()
    const linked = join(folder(), '..')
    mkdirSync(join(elsewhere, '..'), { recursive: true, mode: 0o700 })
    symlinkSync(join(elsewhere, '..'), linked)
    mkdirSync(join(linked, 'traces'), { mode: 0o700 })
    await expect(opened(join(linked, 'traces'))).rejects.toThrow(/grafana is no folder/)
    const link = folder()
    mkdirSync(join(link, '..'), { recursive: true })
    symlinkSync(tmpdir(), link)
    await expect(opened(link)).rejects.toThrow(/is no folder|EEXIST/)
    const nowhere = await opened('/proc/nowhere/spool/grafana/traces')
    await expect(nowhere.spool.append(requestOf('x'))).rejects.toThrow(/ENOENT/)
    const file = folder()
    mkdirSync(join(file, '..'), { recursive: true })
    writeFileSync(file, '')
    await expect(opened(file)).rejects.toThrow(/is no folder|EEXIST/)
  })
})
