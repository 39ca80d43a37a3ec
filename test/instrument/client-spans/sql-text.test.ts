import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { statementOf } from '../../../src/instrument/client-spans/sql-text.ts'

describe('the text of a statement', () => {
  it.each([
    [
      `select * from users where email = 'ann@acme.test' and age > 42`,
      'select * from users where email = ? and age > ?',
    ],
    [`select * from notes where id = $1 limit 20`, 'select * from notes where id = $1 limit ?'],
    [`insert into t values ('it''s', -1.5e3, E'a\\'b', 0xff, null)`, 'insert into t values (?, ?, ?, ?, null)'],
    [`select $$secret$$, $tag$it's $1$tag$, "col'umn"`, `select ?, ?, "col'umn"`],
    [`select 1 -- it's 2\nfrom t2 /* 'x' /* nested */ 3 */ where a = 4`, `select ? \nfrom t2   where a = ?`],
    [`select 'a\\' or 'secret', b'01', X'ff', 1_000, .5, 2.e3`, 'select ?'],
    [`select e'a\\' or', b'01', X'ff', 1_000, .5, 2.e3, a-1, $1`, 'select ?, ?, ?, ?, ?, ?, a-?, $1'],
    [`/* traceparent='00-1-2-01' */ select 1`, 'select ?'],
    [`select "never closed secret`, 'select ?'],
    [`select a1, b_2, "c 3", d.e4 from x5`, `select a1, b_2, "c 3", d.e4 from x5`],
    [`select 'never closed secret`, 'select ?'],
    [`select array[1,2,3], '{4,5}'::int[]`, 'select array[?,?,?], ?::int[]'],
  ])('%j is recorded as %j', (sql, text) => expect(statementOf(sql).text).toBe(text))

  it('has no value in it, whatever it holds', () => {
    const secret = fc.stringMatching(/^[\w @.-]{1,30}$/).map((text) => `zz${text}zz`)
    fc.assert(
      fc.property(secret, fc.nat(), (value, number) => {
        const sql = `select a from t where b = '${value.replaceAll("'", "''")}' and c in (9${number}, 'x${value}') or d = $1`
        const { text } = statementOf(sql)
        expect([text.includes(value), text.includes(`9${number}`)]).toEqual([false, false])
        expect(text).toBe('select a from t where b = ? and c in (?, ?) or d = $1')
      }),
    )
  })

  it('is found in time, whatever is sent', () => {
    for (const text of [
      "'".repeat(50_000),
      '/*'.repeat(50_000),
      '$a$'.repeat(50_000),
      '-'.repeat(50_000),
      '"'.repeat(49_999),
    ])
      expect(statementOf(text).text.length).toBeLessThanOrEqual(10_000)
    fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 2_000 }), (sql) => void statementOf(sql)))
  })
})

describe('the summary of a statement', () => {
  it.each([
    ['SELECT id FROM notes WHERE x = 1', 'SELECT notes'],
    ['\n  select\n id\nfrom\n  public."Notes" n', 'SELECT public.Notes'],
    ['insert into notes (a) values (1) returning id', 'INSERT notes'],
    ['update only notes set a = 1', 'UPDATE notes'],
    ['delete from notes', 'DELETE notes'],
    ['merge into notes using x on true', 'MERGE notes'],
    ['with x as (select 1) select * from x', 'SELECT x'],
    ['with gone as (delete from notes returning *) insert into trash select * from gone', 'INSERT trash'],
    ['select (select count(*) from b) from a', 'SELECT a'],
    ['select extract(year from made_at) from notes', 'SELECT notes'],
    ['select a is distinct from b from notes', 'SELECT notes'],
    ['select * from generate_series(1, 2)', 'SELECT'],
    ['(select 1) union (select 2)', 'SELECT'],
    ['/* by orm */ -- two\n select 1', 'SELECT'],
    ['BEGIN', 'BEGIN'],
    ['commit;', 'COMMIT'],
  ])('%j is %j', (sql, summary) => expect(statementOf(sql).summary).toBe(summary))

  it.each(['', ';', '42', 'hunter2 is my password', "'select'"])('%j has none', (sql) => {
    expect(statementOf(sql).summary).toBeUndefined()
  })
})
