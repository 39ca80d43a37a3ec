import { appendFileSync } from 'node:fs'
import type { Reporter, SerializedError, TestModule } from 'vitest/node'

/**
 * Adds the numbers of a finished run, as a line of JSON, to the file named by `TEST_SUMMARY_FILE`.
 *
 * A file that could not be loaded and an error outside of any test each count as one failure, so that a run that is
 * not green never reads as one without failures.
 */
export default class SummaryReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly SerializedError[]): void {
    const file = process.env['TEST_SUMMARY_FILE']
    if (file === undefined) return
    let passed = 0
    let failed = errors.length
    for (const module of modules) {
      failed += module.errors().length
      for (const test of module.children.allTests()) {
        const { state } = test.result()
        if (state === 'passed') passed++
        if (state === 'failed') failed++
      }
    }
    appendFileSync(file, `${JSON.stringify({ passed, failed })}\n`)
  }
}
