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

/** Line and column of an offset. */
function placeIn(text: string, offset: number): readonly [line: number, column: number] {
  const before = text.slice(0, offset).split('\n')
  return [before.length, (before.at(-1) ?? '').length + 1]
}

function reportSyntax(name: string, text: string, offset: number, what: string, report: Report): void {
  const [line, column] = placeIn(text, offset)
  report.problem(`${name}:${line}:${column}`, `the file is not valid ${what}`, `See line ${line}, column ${column}.`)
}

// Loaded by those who need it alone: it takes longer to load than all the rest of the configuration.
const parser = (): typeof Yaml => require('yaml') as typeof Yaml

function readYaml(text: string, name: string, report: Report): unknown {
  const document = parser().parseDocument(text, { prettyErrors: false, logLevel: 'silent' })
  const faults = [...document.errors, ...document.warnings]
  for (const { code, pos } of faults) {
    reportSyntax(name, text, pos[0], `YAML (${code.toLowerCase().replaceAll('_', ' ')})`, report)
  }
  if (faults.length > 0) return undefined
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
    const position = /at position (\d+)/.exec(String(error))?.[1]
    // JSON.parse does not always say where; the parser of YAML, of which JSON is a part, does.
    const [fault] =
      position === undefined ? parser().parseDocument(text, { schema: 'json', logLevel: 'silent' }).errors : []
    reportSyntax(name, text, position === undefined ? (fault?.pos[0] ?? text.length) : Number(position), 'JSON', report)
    return undefined
  }
}
