// Tools that do what a service does: wait, trace, log; for whom, they are not told.
import { setImmediate } from 'node:timers/promises'
import { trace } from '@opentelemetry/api'
import { currentTenant, logger, setTenant, tenant } from '../../../src/index.ts'
import { text, type Tools } from './mcp-kit.ts'

export const working: Tools = {
  ask: async (_, { sample, progress }) => {
    await progress()
    return text(JSON.stringify(await sample()))
  },
  work: async ({ text: name }) => {
    for (let turn = 0; turn < 1 + ((name?.length ?? 0) % 5); turn++) await setImmediate()
    if (name?.startsWith('late ')) setTenant(tenant({ id: name.slice(5) }))
    await setImmediate()
    return trace.getTracer('tool').startActiveSpan('step', async (span) => {
      span.setAttribute('asked', name ?? '')
      await setImmediate()
      logger.info({ asked: name }, 'working')
      span.end()
      return text(`${currentTenant()?.['tenant.id']}`)
    })
  },
}
