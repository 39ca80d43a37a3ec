import { describe, expect, it } from 'vitest'
import { redisOptions } from '../../../src/instrument/client-spans/redis-text.ts'

describe('the text of a Redis command', () => {
  it.each([
    ['get', ['user:1'], 'get user:1'],
    ['SET', ['user:1', 'a secret', 'EX', 60], 'SET user:1 [3 other arguments]'],
    ['hset', ['h', 'field', 'a secret'], 'hset h [2 other arguments]'],
    ['ping', [], 'ping'],
    ['auth', ['a secret'], 'auth [1 other argument]'],
    ['eval', ['return "a secret"', 1, 'key', 'a secret'], 'eval [4 other arguments]'],
    ['evalsha', ['f00d', 1, 'key', 'a secret'], 'evalsha [4 other arguments]'],
    ['get', [Buffer.from('a secret')], 'get [1 other argument]'],
    ['get', ['k'.repeat(1_000)], `get ${'k'.repeat(200)}`],
    ['get', undefined, 'get'],
  ])('%s of %j is %j', (name, args, text) => {
    expect(redisOptions.dbStatementSerializer(name, args)).toBe(text)
  })
})
