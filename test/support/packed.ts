import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestProject } from 'vitest/node'

declare module 'vitest' {
  interface ProvidedContext {
    /** Two projects that hold nothing but the packed package: one of ES modules, one of CommonJS. */
    readonly consumers: { readonly esm: string; readonly cjs: string }
  }
}

const root = join(import.meta.dirname, '../..')

/** Without what an enclosing `npm run` says of its own package. */
function plainEnvironment(): NodeJS.ProcessEnv {
  const own = /^(npm_(lifecycle|package|command|config_local_prefix)|INIT_CWD$)/
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !own.test(name)))
}

function npm(cwd: string, ...args: string[]): void {
  const { status, stdout, stderr } = spawnSync('npm', args, { cwd, env: plainEnvironment(), encoding: 'utf8' })
  if (status !== 0) throw new Error(`npm ${args.join(' ')} ended with ${status}\n${stdout}\n${stderr}`)
}

function install(folder: string, type: 'module' | 'commonjs', ...packages: string[]): string {
  mkdirSync(folder)
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'consumer', private: true, type }))
  npm(folder, 'install', '--no-audit', '--no-fund', '--prefer-offline', ...packages)
  return folder
}

/** Builds in a copy, so that a `dist` that others are using stays as it is. */
function pack(folder: string): void {
  const copy = join(folder, 'source')
  for (const name of [
    'src',
    'package.json',
    'tsconfig.json',
    'tsconfig.build.json',
    'README.md',
    'LICENSE',
    'CHANGELOG.md',
  ])
    cpSync(join(root, name), join(copy, name), { recursive: true })
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'), 'junction')
  npm(copy, 'pack', '--pack-destination', folder)
}

/** Builds and packs the package once, and installs the tarball as a user would: into two empty projects. */
export function setup({ provide }: TestProject): () => void {
  const folder = mkdtempSync(join(tmpdir(), 'signalbox-packed-'))
  pack(folder)
  const tarball = readdirSync(folder).find((file) => file.endsWith('.tgz'))
  if (tarball === undefined) throw new Error('npm pack made no tarball')
  const { devDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    readonly devDependencies: Readonly<Record<string, string>>
  }
  const packages = [join(folder, tarball), `@types/node@${devDependencies['@types/node'] ?? ''}`]
  provide('consumers', {
    esm: install(join(folder, 'esm'), 'module', ...packages),
    cjs: install(join(folder, 'cjs'), 'commonjs', ...packages),
  })
  return () => rmSync(folder, { recursive: true, force: true })
}
