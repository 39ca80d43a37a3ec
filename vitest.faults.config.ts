import { defineConfig, type ViteUserConfig } from 'vitest/config'

/** Every fault that delivery has to outlive, with real sockets and processes; prints the table of docs/delivery.md. */
const config: ViteUserConfig = defineConfig({
  test: {
    include: ['test/faults/**/*.test.ts'],
    globalSetup: ['./test/faults/table.ts'],
    testTimeout: 120_000,
    maxWorkers: 1,
  },
})

export default config
