import { defineConfig, type ViteUserConfig } from 'vitest/config'

const summary = './test/support/summary-reporter.ts'

/** Tests that need a `redis-server` beside Node and npm; without it they fail. */
const config: ViteUserConfig = defineConfig({
  test: {
    reporters: process.env['TEST_SUMMARY_FILE'] === undefined ? ['default'] : ['default', summary],
    include: ['test/e2e/**/*.test.ts'],
    testTimeout: 60_000,
    hookTimeout: 120_000,
    fileParallelism: false,
  },
})

export default config
