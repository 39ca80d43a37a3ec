// Fails when package.json promises what the package does not hold: an export without its files, a built-in backend
// without its documentation, a file that is not meant for users, a version that is not pinned. Run it after the build.
import { execFileSync } from 'node:child_process'
import { existsSync, globSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

interface Manifest {
  readonly exports: Readonly<Record<string, string | null | { readonly types: string; readonly default: string }>>
  readonly dependencies: Readonly<Record<string, string>>
  readonly devDependencies: Readonly<Record<string, string>>
}

const root = dirname(import.meta.dirname)
const read = (file: string): string => readFileSync(join(root, file), 'utf8')
const manifest = JSON.parse(read('package.json')) as Manifest
const problems: string[] = []
const expect = (holds: boolean, problem: string): void => void (holds || problems.push(problem))

/** Not in the registry, and open to those who build a backend of their own on it. */
const builders = new Set(['otlp-http'])

const backends = globSync('src/backends/*.ts', { cwd: root })
  .map((file) => file.slice('src/backends/'.length, -'.ts'.length))
  .filter((name) => manifest.exports[`./backends/${name}`] !== null)

for (const entry of readdirSync(join(root, 'src/backends'), { withFileTypes: true }).filter((each) =>
  each.isDirectory(),
))
  expect(manifest.exports[`./backends/${entry.name}/*`] === null, `exports opens the inside of backends/${entry.name}`)

for (const [subpath, target] of Object.entries(manifest.exports)) {
  if (target === null) continue
  const files = typeof target === 'string' ? [target] : Object.values(target)
  const names = subpath.includes('*') ? backends : ['']
  for (const file of files.flatMap((pattern) => names.map((name) => pattern.replace('*', name))))
    expect(existsSync(join(root, file)), `exports["${subpath}"] names ${file}, which does not exist`)
}

const imports = read('src/backends/registry.ts').matchAll(/(?:from |import\()'\.\/([\w-]+)\.ts'/g)
const registered = new Set([...imports].map(([, name = '']) => name).filter((name) => name !== 'backend'))
for (const name of registered) {
  expect(backends.includes(name), `the backend ${name} has no subpath`)
  expect(existsSync(join(root, `docs/backends/${name}.md`)), `the backend ${name} has no page docs/backends/${name}.md`)
}
for (const name of backends) {
  const open = registered.has(name) || builders.has(name)
  expect(open, `backends/${name} is no backend: close it with "./backends/${name}": null in exports`)
}

for (const file of globSync('src/integrations/*.ts', { cwd: root })) {
  const name = file.slice('src/integrations/'.length, -'.ts'.length)
  expect(manifest.exports[`./${name}`] !== undefined, `the integration ${name} has no subpath`)
  const page = `docs/integrations/${name}.md`
  expect(existsSync(join(root, page)), `the integration ${name} has no page ${page}`)
}

for (const file of globSync('dist/**/*.js', { cwd: root }))
  expect(!/(?:from|import\()\s*['"]\.{1,2}\/[^'"]+\.ts['"]/.test(read(file)), `${file} imports a .ts file`)

const packed = execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], { cwd: root, encoding: 'utf8' })
const [{ files }] = JSON.parse(packed) as [{ readonly files: readonly { readonly path: string }[] }]
for (const { path } of files)
  expect(
    /^(dist\/.+\.(js|d\.ts)|docs\/.+\.md|\.env\.example(\.secrets)?|package\.json|README\.md|LICENSE|CHANGELOG\.md)$/.test(
      path,
    ),
    `${path} is packed`,
  )

const exact = /^(npm:@?[^@]+@)?\d+\.\d+\.\d+(-[\w.]+)?$/
for (const [name, version] of Object.entries({ ...manifest.dependencies, ...manifest.devDependencies })) {
  const pinned = name in manifest.devDependencies || name.startsWith('@opentelemetry/')
  if (pinned && name !== '@opentelemetry/api') expect(exact.test(version), `${name} ${version} is not pinned exactly`)
}

for (const problem of problems) console.error(problem)
process.exitCode = problems.length === 0 ? 0 : 1
