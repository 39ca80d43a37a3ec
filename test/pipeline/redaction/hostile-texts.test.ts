import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'

const app = fileURLToPath(new URL('apps/hostile-texts.ts', import.meta.url))

/** Each text takes some ten milliseconds; it would take half a minute if that grew with the square of its length. */
const maxSilenceMs = 10_000

async function ended(child: ChildProcess): Promise<{ code: number | null; said: string }> {
  let said = ''
  const stop = (): void => void child.kill('SIGKILL')
  let timer = setTimeout(stop, maxSilenceMs)
  const hear = (chunk: Buffer): void => {
    said = (said + String(chunk)).slice(-500)
    clearTimeout(timer)
    timer = setTimeout(stop, maxSilenceMs)
  }
  child.stdout?.on('data', hear)
  child.stderr?.on('data', hear)
  return new Promise((resolve) => {
    child.once('close', (code) => {
      clearTimeout(timer)
      resolve({ code, said })
    })
  })
}

it('no text takes more time than in proportion to its length, whoever wrote it', { timeout: 120_000 }, async () => {
  expect(await ended(spawn(process.execPath, [app], { stdio: 'pipe' }))).toMatchObject({ code: 0 })
})
