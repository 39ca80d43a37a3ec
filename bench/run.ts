// Starting, timing and summing up the processes of a benchmark.
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { Agent, request } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

export interface Sink {
  readonly url: string
  /** Items received since the last call. */
  count(): Promise<number>
  close(): void
}

export function forkBench(
  file: string,
  args: readonly string[],
  { env = {}, execArgv = [] }: { env?: Readonly<Record<string, string>>; execArgv?: string[] } = {},
): ChildProcess {
  return fork(fileURLToPath(new URL(file, import.meta.url)), args, {
    stdio: ['ignore', 'inherit', 'ignore', 'ipc'],
    env: { ...process.env, ...env },
    execArgv,
  })
}

export async function messageFrom<T>(child: ChildProcess): Promise<T> {
  const [message] = (await Promise.race([
    once(child, 'message'),
    once(child, 'exit').then(([code]) => Promise.reject(new Error(`ended early with ${String(code)}`))),
  ])) as [T]
  return message
}

export async function startSink(): Promise<Sink> {
  const child = forkBench('sink.ts', [])
  const url = `http://127.0.0.1:${await messageFrom<number>(child)}`
  return {
    url,
    count: async () => ((await (await fetch(url)).json()) as { items: number }).items,
    close: () => child.disconnect(),
  }
}

/** Sends `perSecond` requests a second over kept connections, however slowly they are answered; bounded in time. */
export async function load(url: string, perSecond: number, seconds: number): Promise<number> {
  const agent = new Agent({ keepAlive: true, maxSockets: 64 })
  const get = (index: number): Promise<void> =>
    new Promise((resolve, reject) => {
      request(`${url}/orders/${index}`, { agent }, (response) => response.resume().on('end', resolve))
        .on('error', reject)
        .end()
    })
  const tickMs = 10
  const startedAt = performance.now()
  const sent: Promise<void>[] = []
  while (performance.now() - startedAt < seconds * 1_000) {
    const due = Math.floor(((performance.now() - startedAt) / 1_000) * perSecond)
    while (sent.length < due) sent.push(get(sent.length))
    await sleep(tickMs)
  }
  await Promise.all(sent)
  agent.destroy()
  return sent.length
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1
    ? (sorted[middle] as number)
    : ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2
}
