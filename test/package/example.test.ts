import { expect, inject, it } from 'vitest'
import { runIn } from '../support/consumer.ts'

const { esm, cjs } = inject('consumers')

const names = 'logger, operation, tenant, withTenant'
const app = `
  const acme = tenant({ id: '7d2b6f1e-4c1a-4b52-9a55-0f0c5b3f6a01', userId: 'user_01', email: 'ada@acme.example' })

  const log = logger.child(acme)
  log.info('explicit')

  withTenant(acme, () =>
    operation('update', 'reindex', async () => {
      logger.info({ documents: 3 }, 'implicit')
    }),
  )
`

const env = { TELEMETRY_BACKENDS: 'console', TELEMETRY_CONSOLE_FORMAT: 'json', OTEL_SERVICE_NAME: 'search' }

it.each([
  ['an ES module', esm, 'app.mjs', `import { ${names} } from 'signalbox'\n${app}`],
  ['a CommonJS module', cjs, 'app.cjs', `const { ${names} } = require('signalbox')\n${app}`],
])('the first example of the README works as %s', async (_, project, file, code) => {
  const { stdout, stderr } = await runIn(project, file, code, { args: ['--import', 'signalbox/register'], env })
  const items = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>)
  const about = (text: string): unknown[] => items.filter((item) => JSON.stringify(item).includes(`"${text}"`))
  for (const text of ['explicit', 'implicit', 'reindex']) {
    expect(about(text), `${text} in ${stdout}`).toHaveLength(1)
    expect(JSON.stringify(about(text))).toContain('"tenant.id":"7d2b6f1e-4c1a-4b52-9a55-0f0c5b3f6a01"')
  }
  expect(stderr).toBe('')
})
