import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { checkLayers } from '../../scripts/check-layers.ts'

const script = join(import.meta.dirname, '../../scripts/check-layers.ts')

/** A source folder of its own, so that a planted violation is never seen by another check. */
function sources(files: Readonly<Record<string, string>>): string {
  const root = mkdtempSync(join(tmpdir(), 'layers-'))
  onTestFinished(() => rmSync(root, { recursive: true }))
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, file)), { recursive: true })
    writeFileSync(join(root, file), text)
  }
  return root
}

const house = {
  'errors.ts': 'export const a = 1\n',
  'config/resolve.ts': "import { a } from '../errors.ts'\nexport const b = a\n",
  'tenant/tenant.ts': 'export type T = string\n',
  'backends/backend.ts': "import type { b } from '../config/resolve.ts'\nexport type Backend = typeof b\n",
  'backends/grafana.ts': "import type { Backend } from './backend.ts'\nexport const grafana = {} as Backend\n",
  'backends/registry.ts': "import { grafana } from './grafana.ts'\nexport const all = [grafana]\n",
  'pipeline/lane.ts': "import type { Backend } from '../backends/backend.ts'\nexport type Lane = Backend\n",
  'start.ts': "import { all } from './backends/registry.ts'\nexport const start = all\n",
  'index.ts': "export { start } from './start.ts'\nexport { grafana } from './backends/grafana.ts'\n",
}

it('passes a house whose imports all point downwards', () => {
  expect(checkLayers(sources(house))).toEqual([])
})

it.each([
  [
    'an import upwards',
    'diagnostics.ts',
    "\nimport './start.ts'\n",
    'diagnostics.ts:2: (floor 1) imports start.ts (floor 6)',
  ],
  [
    'a type-only import of a room on the same floor',
    'config/types.ts',
    "import type { T } from '../tenant/tenant.ts'\n",
    'config/types.ts:1: (floor 2) imports tenant/tenant.ts (floor 2)',
  ],
  [
    'a dynamic import upwards',
    'backends/late.ts',
    "export const f = () =>\n  import('../pipeline/lane.ts')\n",
    'backends/late.ts:2: (floor 3) imports pipeline/lane.ts (floor 4)',
  ],
  [
    'a re-export over several lines',
    'tenant/all.ts',
    "export {\n  b,\n} from '../config/resolve.ts'\n",
    'tenant/all.ts:3: (floor 2) imports config/resolve.ts (floor 2)',
  ],
  [
    'a door that imports another door',
    'testing.ts',
    "export { start } from './index.ts'\n",
    'testing.ts:1: (floor 7) imports index.ts (floor 7)',
  ],
  [
    'a backend that imports another one',
    'backends/logfire.ts',
    "import { grafana } from './grafana.ts'\n",
    'backends/logfire.ts:1: imports the backend backends/grafana.ts; only the registry may',
  ],
  [
    'a pipeline that knows the registry',
    'pipeline/router.ts',
    "import { all } from '../backends/registry.ts'\n",
    'pipeline/router.ts:1: imports backends/registry.ts; of the backends only backends/backend.ts and backends/view.ts are open',
  ],
  [
    'an import of a file that is not there',
    'start.ts',
    "import './gone.ts'\n",
    'start.ts:1: imports gone.ts, which does not exist',
  ],
  [
    'an import that leaves the sources',
    'start.ts',
    "import '../package.json'\n",
    'start.ts:1: imports ../package.json, which is outside of src',
  ],
  [
    'a room without a floor',
    'attic/box.ts',
    "import '../errors.ts'\n",
    'attic/box.ts:1: imports errors.ts, and attic/box.ts is on no floor',
  ],
])('reports %s', (_, file, text, problem) => {
  expect(checkLayers(sources({ ...house, [file]: text }))).toEqual([problem])
})

it('reports a cycle inside one room', () => {
  const root = sources({
    'tenant/a.ts': "import type { B } from './b.ts'\nexport type A = B\n",
    'tenant/b.ts': "import type { A } from './a.ts'\nexport type B = A\n",
  })
  expect(checkLayers(root)).toEqual(['tenant/a.ts: import cycle tenant/a.ts -> tenant/b.ts -> tenant/a.ts'])
})

it('does not take an example in a comment for an import', () => {
  const example = "/**\n * import { start } from './start.ts'\n */\n// import './start.ts'\nexport const a = 1\n"
  expect(checkLayers(sources({ ...house, 'errors.ts': example }))).toEqual([])
})

it('ends with an exit code and one line per violation', () => {
  const broken = sources({ ...house, 'errors.ts': "import './start.ts'\n" })
  const failed = spawnSync(process.execPath, [script, broken], { encoding: 'utf8' })
  expect(failed).toMatchObject({ status: 1, stderr: expect.stringMatching(/^errors\.ts:1: .+\n/) as string })
  expect(spawnSync(process.execPath, [script, sources(house)], { encoding: 'utf8' })).toMatchObject({
    status: 0,
    stderr: '',
  })
})
