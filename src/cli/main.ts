import { nearestPackage } from '../config/package-info.ts'
import { requestOf } from './arguments.ts'
import { usage } from './usage.ts'

/** The command line: writes to stdout and stderr, and resolves with the exit code. */
export async function main(words: readonly string[]): Promise<number> {
  const request = requestOf(words)
  switch (request.command) {
    case 'help': {
      process.stdout.write(usage)
      return 0
    }
    case 'version': {
      process.stdout.write(`${nearestPackage(import.meta.dirname)?.version ?? 'unknown'}\n`)
      return 0
    }
    case 'wrong': {
      process.stderr.write(`${request.message}\n`)
      return 2
    }
    case 'doctor': {
      // Loaded when it is asked for: help and a wrong word need none of it.
      const { examine } = await import('./doctor/examine.ts')
      const { printed } = await import('./doctor/print.ts')
      const report = await examine(process.env, request.live)
      process.stdout.write(request.json ? `${JSON.stringify(report, undefined, 2)}\n` : printed(report, hasColours()))
      return report.ok ? 0 : 1
    }
  }
}

/** By https://no-color.org: any value that is not empty says no. */
function hasColours(): boolean {
  return process.stdout.isTTY && (process.env['NO_COLOR'] ?? '') === ''
}
