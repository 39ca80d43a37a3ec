import { expect, it } from 'vitest'
import { signalbox } from './support.ts'

it.each([
  [['docter'], '"docter" is no command. Did you mean "doctor"? See: signalbox help\n'],
  [['doctor', '--jsno'], '--jsno is no option. Did you mean "--json"? See: signalbox help\n'],
  [['doctor', '--json=yes'], '--json takes no value. See: signalbox help\n'],
  [['doctor', 'now'], '"now" is one word too many. See: signalbox help\n'],
  [['--live'], '--live is no option. See: signalbox help\n'],
  [[], 'A command is missing. See: signalbox help\n'],
])('%j is refused with 2', async (args, stderr) => {
  expect(await signalbox(args)).toEqual({ code: 2, stdout: '', stderr })
})

it.each([[['help']], [['--help']], [['-h']], [['doctor', '--help']]])('%j explains itself', async (args) => {
  const { code, stdout, stderr } = await signalbox(args)
  expect([code, stderr]).toEqual([0, ''])
  expect(stdout).toMatch(/^Usage: signalbox <command>\n/)
  expect(stdout).toContain('Exit codes: 0 all is well, 1 a problem was found, 2 the command was used wrongly.')
})

it('says its version', async () => {
  const { code, stdout } = await signalbox(['--version'])
  expect([code, stdout]).toEqual([0, expect.stringMatching(/^\d+\.\d+\.\d+\n$/)])
})
