import { defineConfig, type ViteUserConfig } from 'vitest/config'

const summary = './test/support/summary-reporter.ts'

/** Every fault that delivery has to outlive, with real sockets and processes; prints the table of docs/delivery.md. */
const config: ViteUserConfig = defineConfig({
  test: {
    reporters: process.env['TEST_SUMMARY_FILE'] === undefined ? ['default'] : ['default', summary],
    include: ['test/faults/**/*.test.ts'],
    globalSetup: ['./test/faults/table.ts'],
    testTimeout: 120_000,
    maxWorkers: 1,
  },
})

export default config
