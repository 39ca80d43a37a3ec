import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { basename, extname, resolve } from 'node:path'
import type * as Yaml from 'yaml'
import { isRecord } from './object-layer.ts'
import type { Report } from './report.ts'

/** What a configuration file holds, and how places in it are named. */
export interface ConfigFile {
  readonly name: string
  readonly content: Readonly<Record<string, unknown>>
}

const require = createRequire(import.meta.url)
const extensions = ['.yaml', '.yml', '.json']
const variable = 'TELEMETRY_CONFIG'

/**
 * Reads the file that `TELEMETRY_CONFIG` names, relative to the working directory: YAML 1.2 or JSON.
 *
 * A file that cannot be read or parsed is reported, with line and column, and undefined returned. What stands in the
 * file is never quoted: it may be a credential.
 */
export function readConfigFile(path: string, cwd: string, report: Report): ConfigFile | undefined {
  const name = basename(path)
  if (!extensions.includes(extname(path).toLowerCase())) {
    report.problem(
      variable,
      `${JSON.stringify(path)} is neither YAML nor JSON`,
      `Name a file in ${extensions.join(', ')}.`,
    )
    return undefined
  }
  const text = read(resolve(cwd, path), path, report)
  if (text === undefined) return undefined
  const content = extname(path).toLowerCase() === '.json' ? readJson(text, name, report) : readYaml(text, name, report)
  if (content === undefined || content === null) return undefined
  if (isRecord(content)) return { name, content }
  report.problem(name, 'the file holds no object at its top', 'Write names and values, such as "backends: [console]".')
  return undefined
}

function read(file: string, path: string, report: Report): string | undefined {
  try {
    return readFileSync(file, 'utf8').replace(/^\ufeff/, '')
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown error'
    report.problem(
      variable,
      `${JSON.stringify(path)} cannot be read (${code})`,
      'Name an existing file, or unset the variable.',
    )
    return undefined
  }
}

function readYaml(text: string, name: string, report: Report): unknown {
  // Loaded by those who need it alone: it takes longer to load than all the rest of the configuration.
  const { LineCounter, parseDocument } = require('yaml') as typeof Yaml
  const lineCounter = new LineCounter()
  const document = parseDocument(text, { lineCounter, prettyErrors: false, logLevel: 'silent' })
  for (const { code, pos } of [...document.errors, ...document.warnings]) {
    const { line, col } = lineCounter.linePos(pos[0])
    const what = code.toLowerCase().replaceAll('_', ' ')
    report.problem(`${name}:${line}:${col}`, `the file is not valid YAML (${what})`, `See line ${line}, column ${col}.`)
  }
  if (document.errors.length > 0 || document.warnings.length > 0) return undefined
  try {
    return document.toJS({ maxAliasCount: 100 })
  } catch {
    report.problem(name, 'the file uses too many or unknown aliases', 'Write the values out.')
    return undefined
  }
}

function readJson(text: string, name: string, report: Report): unknown {
  if (text.trim() === '') return undefined
  try {
    return JSON.parse(text)
  } catch (error) {
    const offset = Number(/at position (\d+)/.exec(String(error))?.[1] ?? text.length)
    const before = text.slice(0, offset).split('\n')
    const [line, column] = [before.length, (before.at(-1) ?? '').length + 1]
    report.problem(`${name}:${line}:${column}`, 'the file is not valid JSON', `See line ${line}, column ${column}.`)
    return undefined
  }
}
