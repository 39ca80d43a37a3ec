// Fails when a file under src/ imports another room of its own floor or a floor above, when a built-in backend is imported
// by anything but the registry and the doors, or when imports form a cycle. A type is a dependency too: its imports count.
import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join, posix, resolve } from 'node:path'

const floors = [
  ['errors.ts', 'diagnostics.ts'],
  ['config', 'tenant', 'transport'],
  ['backends'],
  ['pipeline'],
  ['logging', 'instrument'],
  ['start.ts', 'integrations'],
  ['index.ts', 'register.ts', 'testing.ts', 'cli'],
]

const contracts = ['backends/backend.ts', 'backends/view.ts']
const registry = 'backends/registry.ts'

type Import = { readonly from: string; readonly line: number; readonly to: string }

const specifier = /(?:\bfrom\s*|\bimport\s*\(?\s*)(['"])(\.{1,2}\/[^'"\n]+)\1/g
const comments = /\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm

const roomOf = (file: string): string => file.split('/')[0] ?? file
const floorOf = (file: string): number => floors.findIndex((rooms) => rooms.includes(roomOf(file)))
const isBackend = (file: string): boolean => roomOf(file) === 'backends' && !contracts.includes(file)
const blank = (text: string): string => text.replace(/[^\n]/g, ' ')

function importsOf(root: string, file: string): Import[] {
  const text = readFileSync(join(root, file), 'utf8').replace(comments, blank)
  return [...text.matchAll(specifier)].map((match) => ({
    from: file,
    line: text.slice(0, match.index + match[0].length).split('\n').length,
    to: posix.join(posix.dirname(file), match[2] ?? ''),
  }))
}

function violation(root: string, { from, to }: Import, builtin: ReadonlySet<string>): string | undefined {
  if (to.startsWith('..')) return `imports ${to}, which is outside of src`
  if (!existsSync(join(root, to))) return `imports ${to}, which does not exist`
  const [own, other] = [floorOf(from), floorOf(to)]
  if (own < 0 || other < 0) return `imports ${to}, and ${own < 0 ? from : to} is on no floor`
  if (own < 5 && from !== registry && builtin.has(to)) return `imports the backend ${to}; only the registry may`
  if (own < 5 && own > 2 && isBackend(to))
    return `imports ${to}; of the backends only ${contracts.join(' and ')} are open`
  if (roomOf(from) === roomOf(to) && from.includes('/')) return undefined
  return other < own ? undefined : `(floor ${own + 1}) imports ${to} (floor ${other + 1})`
}

function cycles(edges: ReadonlyMap<string, readonly Import[]>): string[] {
  const found: string[] = []
  const done = new Set<string>()
  const walk = (file: string, path: readonly string[]): void => {
    const start = path.indexOf(file)
    if (start >= 0) found.push(`${file}: import cycle ${[...path.slice(start), file].join(' -> ')}`)
    if (start >= 0 || done.has(file)) return
    for (const { to } of edges.get(file) ?? []) walk(to, [...path, file])
    done.add(file)
  }
  for (const file of edges.keys()) walk(file, [])
  return found
}

/** Every violation under `root`, each as `file:line: what is wrong`; empty when the floors hold. */
export function checkLayers(root: string): string[] {
  const files = globSync('**/*.ts', { cwd: root }).sort()
  const edges = new Map(files.map((file) => [file, importsOf(root, file)]))
  const builtin = new Set((edges.get(registry) ?? []).map(({ to }) => to).filter(isBackend))
  const broken = [...edges.values()].flat().flatMap((each) => {
    const reason = violation(root, each, builtin)
    return reason === undefined ? [] : [`${each.from}:${each.line}: ${reason}`]
  })
  return [...broken, ...cycles(edges)]
}

if (import.meta.main) {
  const root = resolve(process.argv[2] ?? join(dirname(import.meta.dirname), 'src'))
  const problems = checkLayers(root)
  for (const problem of problems) console.error(problem)
  process.exitCode = problems.length === 0 ? 0 : 1
}
