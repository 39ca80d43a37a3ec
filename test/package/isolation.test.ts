import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, inject, it } from 'vitest'
import { runIn } from '../support/consumer.ts'

const { esm } = inject('consumers')

const recorder = `
  import { registerHooks } from 'node:module'
  const loaded = []
  registerHooks({ load: (url, context, next) => (loaded.push(url), next(url, context)) })
  process.on('exit', () => console.log(JSON.stringify(loaded)))
`

/** Every package that was loaded, as ES module or through `require`, by importing one subpath in a fresh process. */
async function packagesLoadedBy(subpath: string): Promise<string[]> {
  writeFileSync(join(esm, 'recorder.mjs'), recorder)
  const { stdout } = await runIn(esm, 'loads.mjs', `import '${subpath}'`, { args: ['--import', './recorder.mjs'] })
  const names = (JSON.parse(stdout) as string[]).flatMap((url) => {
    const name = /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(url)?.[1]
    return name === undefined ? [] : [name]
  })
  return [...new Set(names)].sort()
}

it('the recorder sees what a subpath loads', async () => {
  expect(await packagesLoadedBy('signalbox')).toEqual(expect.arrayContaining(['pino', 'signalbox']))
})

it('importing the console backend loads no exporter, no OTLP encoder and no logger', async () => {
  const packages = await packagesLoadedBy('signalbox/backends/console')
  expect(packages).toContain('signalbox')
  expect(packages.filter((name) => /^@opentelemetry\/(exporter-|otlp-|sdk-node)|^pino|^convict$/.test(name))).toEqual(
    [],
  )
})

it.each(['authkit', 'bullmq', 'express', 'fastify', 'hono', 'mcp', 'pg-boss'])(
  'importing signalbox/%s loads no framework, and nothing imports it by itself',
  async (name) => {
    const frameworks =
      /^(?:bullmq|express|fastify|hono|ioredis|pg|pg-boss|@modelcontextprotocol\/.*|@opentelemetry\/sdk-node)$/
    expect((await packagesLoadedBy(`signalbox/${name}`)).filter((each) => frameworks.test(each))).toEqual([])
  },
)

it('importing the package loads nothing that only an integration needs', async () => {
  expect(await packagesLoadedBy('signalbox')).not.toContain('jose')
})
