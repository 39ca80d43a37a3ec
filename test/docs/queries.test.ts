import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parser as logql } from '@grafana/lezer-logql'
import { parser as traceql } from '@grafana/lezer-traceql'
import { astVisitor, parse } from 'pgsql-ast-parser'
import { describe, expect, it } from 'vitest'
import { faults, logfireColumns, unknownAttributes } from '../support/query-faults.ts'

const page = readFileSync(join(import.meta.dirname, '../../docs/queries.md'), 'utf8')
const blocks = [...page.matchAll(/^```(\w+)\n([\s\S]*?)^```/gm)].map(([, language = '', query = '']) => ({ language, query }))
const of = (language: string): string[] => blocks.filter((block) => block.language === language).map(({ query }) => query.trim())

describe('docs/queries.md', () => {
  it('asks ten questions', () => {
    expect(page.match(/^## \d+\. /gm)).toHaveLength(10)
    expect(new Set(blocks.map(({ language }) => language))).toEqual(new Set(['traceql', 'logql', 'sql']))
    expect([of('traceql').length, of('logql').length, of('sql').length]).toEqual([9, 7, 10])
  })

  it.each(of('traceql'))('has TraceQL that parses: %s', (query) => {
    expect(faults(traceql, query)).toEqual([])
    expect(unknownAttributes(query, /(?:span|resource)\.([a-z_.]+)/g)).toEqual([])
  })

  it.each(of('logql'))('has LogQL that parses, and selects no stream by tenant: %s', (query) => {
    expect(faults(logql, query)).toEqual([])
    expect(query.match(/\{[a-z][^}]*\}/g)?.filter((selector) => selector.includes('tenant'))).toEqual([])
  })

  it.each(of('sql'))('has SQL that parses, of columns and attributes that exist: %s', (query) => {
    const columns = new Set<string>()
    const aliases = new Set<string>()
    const visitor = astVisitor(() => ({ ref: ({ name }) => void columns.add(name) }))
    for (const statement of parse(query)) {
      if (statement.type === 'select') for (const { alias } of statement.columns ?? []) if (alias) aliases.add(alias.name)
      visitor.statement(statement)
    }
    expect([...columns].filter((name) => !logfireColumns.has(name) && !aliases.has(name))).toEqual([])
    expect(unknownAttributes(query, /attributes->>'([^']+)'/g)).toEqual([])
  })

  it('would not parse what is wrong', () => {
    expect(faults(traceql, '{ span.tenant.id = }')).not.toEqual([])
    expect(faults(logql, '{service_name="a"} | tenant_id=')).not.toEqual([])
    expect(() => parse('SELECT FROM WHERE')).toThrow(/syntax/i)
    expect(unknownAttributes('{ span.tenant.ident = "x" }', /span\.([a-z_.]+)/g)).toEqual(['tenant.ident'])
  })
})
