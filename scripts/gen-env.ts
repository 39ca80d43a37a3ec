// Writes .env.example, .env.example.secrets and docs/env.md from the option tables; with --check, fails where they differ.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type EnvSection, envSections } from './env-sections.ts'
import type { EnvVariable } from './env-variable.ts'

const wrap = (text: string, first: string, next: string): string => {
  const lines: string[] = []
  let line = first
  for (const word of text.split(' ')) {
    if (line.length + word.length + 1 > 118 && line.trim() !== next.trim()) {
      lines.push(line.trimEnd())
      line = next
    }
    line += `${word} `
  }
  return [...lines, line.trimEnd()].join('\n')
}

const plain = (text: string): string => text.replaceAll('`', '')
const defaultText = ({ fallback, isRequired }: EnvVariable): string =>
  isRequired ? ' Needed.' : fallback === undefined ? '' : ` Default: ${fallback}.`

const exampleLine = (variable: EnvVariable): string =>
  `${wrap(plain(`${variable.about}${defaultText(variable)}`), '# ', '# ')}\n# ${variable.name}=${variable.isSecret ? '' : plain(variable.example ?? '')}`

const sectionText = ({ title, about, variables }: EnvSection): string => {
  const head = `# --- ${title} ${'-'.repeat(Math.max(3, 110 - title.length))}`
  const intro = about === undefined ? [] : [wrap(plain(about), '# ', '# ')]
  return [head, ...intro, '', ...variables.map((variable) => `${exampleLine(variable)}\n`)].join('\n')
}

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('<', '&lt;')

const row = (variable: EnvVariable): string => {
  const { name, isSecret, isRequired, about, fallback = isRequired ? 'needed' : '' } = variable
  const marks = isSecret ? ' (secret)' : ''
  return `| \`${name}\`${marks} | ${cell(about)} | ${cell(fallback)} |`
}

const sectionTable = ({ title, about, variables }: EnvSection): string =>
  [
    `## ${title}\n`,
    ...(about === undefined ? [] : [`${wrap(cell(about), '', '')}\n`]),
    ...(variables.length === 0
      ? []
      : ['| variable | what it holds | default |', '| --- | --- | --- |', ...variables.map(row), '']),
  ].join('\n')

/** The generated files: path and content. */
export function generatedFiles(): ReadonlyMap<string, string> {
  const sections = envSections()
  const withVariables = sections.filter(({ variables }) => variables.length > 0)
  const secrets = new Map(
    sections.flatMap(({ variables }) => variables.filter(({ isSecret }) => isSecret)).map((each) => [each.name, each]),
  )
  const note = 'Generated from the option tables: npm run env:generate'
  const rules = [
    'An empty variable counts as unset. Durations: 500ms, 3s, 2m, or plain milliseconds (OTEL_* ones: plain milliseconds alone).',
    'Sizes: 512KiB, 1MiB, or plain bytes. Lists are separated by commas.',
  ].join(' ')
  return new Map([
    [
      '.env.example',
      `# ${note}\n${wrap(rules, '# ', '# ')}\n# Credentials stand in .env.example.secrets by themselves.\n\n${withVariables.map(sectionText).join('\n')}`,
    ],
    [
      '.env.example.secrets',
      `# ${note}\n# Credentials alone; keep the file that you make of this out of version control.\n\n${[...secrets.values()].map((each) => `${exampleLine(each)}\n`).join('\n')}`,
    ],
    [
      'docs/env.md',
      `# Environment variables\n\n<!-- ${note} -->\n\n${wrap(rules, '', '')} How they stand to code and files: [config.md](config.md).\n\n${sections.map(sectionTable).join('\n')}`,
    ],
  ])
}

if (import.meta.main) {
  const root = join(import.meta.dirname, '..')
  for (const [path, content] of generatedFiles()) {
    if (!process.argv.includes('--check')) writeFileSync(join(root, path), content)
    else if (readFileSync(join(root, path), 'utf8') !== content) {
      console.error(`${path} is out of date: npm run env:generate`)
      process.exitCode = 1
    }
  }
}
