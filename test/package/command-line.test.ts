import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect, inject, it } from 'vitest'

const run = promisify(execFile)

it.each(['esm', 'cjs'] as const)('npx signalbox runs in a project with the packed package (%s)', async (kind) => {
  const cwd = inject('consumers')[kind]
  const env = { PATH: process.env['PATH'], HOME: process.env['HOME'], TELEMETRY_BACKENDS: 'memory' }
  const npx = (...args: string[]) => run('npx', ['--no-install', 'signalbox', ...args], { cwd, env, timeout: 30_000 })
  expect((await npx('--version')).stdout).toMatch(/^\d+\.\d+\.\d+\n$/)
  const { stdout } = await npx('doctor', '--json', '--live')
  expect(JSON.parse(stdout)).toMatchObject({ ok: true, backends: [{ name: 'memory', live: [] }] })
})
