// Writes what deploy/ holds of generated files: the dashboard out of its TypeScript, the SQL out of docs/queries.md. With
// --check, fails where they differ.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { tenantDashboard } from '../deploy/grafana/tenant-dashboard.ts'

const root = join(import.meta.dirname, '..')

/** The SQL of each question, under its heading. */
function questions(): string {
  const page = readFileSync(join(root, 'docs/queries.md'), 'utf8')
  const parts = page.split(/^## /m).slice(1)
  const queries = parts.map((part) => {
    const [title = ''] = part.split('\n', 1)
    const [, sql = ''] = /^```sql\n([\s\S]*?)^```/m.exec(part) ?? []
    return `-- ${title}\n${sql.trim()};\n`
  })
  return `-- Generated from docs/queries.md: npm run deploy:generate\n\n${queries.join('\n')}`
}

/** The generated files: path and content. */
export function generatedDeployFiles(): ReadonlyMap<string, string> {
  return new Map([
    ['deploy/grafana/tenant-dashboard.json', `${JSON.stringify(tenantDashboard(), undefined, 2)}\n`],
    ['deploy/logfire/queries.sql', questions()],
  ])
}

if (import.meta.main) {
  for (const [path, content] of generatedDeployFiles()) {
    const file = join(root, path)
    if (!process.argv.includes('--check')) writeFileSync(file, content)
    else if (readFileSync(file, 'utf8') !== content) {
      console.error(`${path} is out of date: npm run deploy:generate`)
      process.exitCode = 1
    }
  }
}
