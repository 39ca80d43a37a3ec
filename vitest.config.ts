import { defineConfig, type ViteUserConfig } from 'vitest/config'

const summary = './test/support/summary-reporter.ts'
const compiler = 'node_modules/typescript/bin/tsc'

const config: ViteUserConfig = defineConfig({
  test: {
    // What one test leaves on disk is nothing to the next.
    env: { TELEMETRY_SPOOL: 'off', ...(process.argv.includes('--coverage') && { PROPERTY_RUNS: '1000' }) },
    reporters: process.env['TEST_SUMMARY_FILE'] === undefined ? ['default'] : ['default', summary],
    coverage: {
      provider: 'v8',
      include: ['src/**/*.ts'],
      reporter: ['text-summary', 'html'],
      // What runs only in the applications that test/flow spawns is not counted.
      thresholds: { lines: 75, statements: 75, functions: 75, branches: 65 },
    },
    projects: [
      {
        extends: true,
        test: {
          name: 'rooms',
          include: ['test/**/*.test.ts'],
          exclude: ['test/package/**', 'test/e2e/**', 'test/faults/**'],
          testTimeout: 20_000,
          hookTimeout: 30_000,
          typecheck: {
            enabled: true,
            checker: compiler,
            include: ['test/types/**/*.test-d.ts'],
            tsconfig: './tsconfig.json',
          },
        },
      },
      {
        extends: true,
        test: {
          name: 'package',
          include: ['test/package/**/*.test.ts'],
          globalSetup: ['./test/support/packed.ts'],
          testTimeout: 60_000,
          hookTimeout: 240_000,
        },
      },
    ],
  },
})

export default config
