import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { freePort } from './postgres.ts'

/**
 * A real Redis server on a free port of this machine; `redis-server` must be installed.
 *
 * @throws Error that names the package to install where there is no `redis-server`.
 */
export async function startRedis(): Promise<{ readonly url: string; readonly port: number; stop(): Promise<void> }> {
  const directory = await mkdtemp(join(tmpdir(), 'signalbox-redis-'))
  const port = await freePort()
  const settings = [
    '--port',
    String(port),
    '--bind',
    '127.0.0.1',
    '--save',
    '',
    '--appendonly',
    'no',
    '--dir',
    directory,
  ]
  const child = spawn('redis-server', settings, { stdio: ['ignore', 'pipe', 'inherit'] })
  const failed = once(child, 'error').then(([error]) => {
    throw new Error('redis-server could not be started. Install it: apt-get install redis-server', { cause: error })
  })
  const ended = once(child, 'exit')
  const ready = new Promise<void>((resolve) => {
    createInterface({ input: child.stdout }).on('line', (line) => line.includes('Ready to accept') && resolve())
  })
  await Promise.race([ready, failed, ended.then(() => Promise.reject(new Error('redis-server ended at once')))])
  failed.catch(() => {})
  return {
    url: `redis://127.0.0.1:${port}`,
    port,
    stop: async () => {
      child.kill('SIGTERM')
      await ended
      await rm(directory, { recursive: true, force: true })
    },
  }
}
