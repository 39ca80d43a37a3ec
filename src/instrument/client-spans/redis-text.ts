/** Commands whose first argument is a key, by the key specifications of https://redis.io/docs/latest/commands/. */
const keyed = new Set(
  (
    'append bitcount bitfield bitpos blmove blpop brpop brpoplpush bzpopmax bzpopmin copy decr decrby del dump exists ' +
    'expire expireat expiretime get getbit getdel getex getrange getset hdel hexists hexpire hexpireat hexpiretime hget ' +
    'hgetall hgetdel hgetex hincrby hincrbyfloat hkeys hlen hmget hmset hpersist hpexpire hpexpireat hpexpiretime hpttl ' +
    'hrandfield hscan hset hsetex hsetnx hstrlen httl hvals incr incrby incrbyfloat lcs lindex linsert llen lmove lpop ' +
    'lpos lpush lpushx lrange lrem lset ltrim mget move mset msetnx persist pexpire pexpireat pexpiretime pfadd pfcount ' +
    'pfmerge psetex pttl rename renamenx restore rpop rpoplpush rpush rpushx sadd scard sdiff sdiffstore set setbit setex ' +
    'setnx setrange sinter sinterstore sismember smembers smismember smove sort spop srandmember srem sscan strlen substr ' +
    'sunion sunionstore touch ttl type unlink watch xack xadd xautoclaim xclaim xdel xlen xpending xrange xrevrange xsetid ' +
    'xtrim zadd zcard zcount zdiffstore zincrby zinterstore zlexcount zmscore zpopmax zpopmin zrandmember zrange ' +
    'zrangebylex zrangebyscore zrangestore zrank zrem zremrangebylex zremrangebyrank zremrangebyscore zrevrange ' +
    'zrevrangebylex zrevrangebyscore zrevrank zscan zscore zunionstore'
  ).split(' '),
)

const maxKeyLength = 200

/**
 * A command of Redis as it may be recorded: its name and its key, and how many arguments there are beside.
 *
 * The instrumentations' own serializer shows all arguments of `eval` and `evalsha`, and with them the jobs of a queue.
 */
export function redisText(name: string, args: readonly unknown[]): string {
  const [first] = args
  const key = typeof first === 'string' && keyed.has(name.toLowerCase()) ? first : undefined
  const others = key === undefined ? args.length : args.length - 1
  const shown = key === undefined ? name : `${name} ${key.slice(0, maxKeyLength)}`
  return others === 0 ? shown : `${shown} [${others} other argument${others === 1 ? '' : 's'}]`
}

/** Options of `@opentelemetry/instrumentation-ioredis` and `-redis`; what belongs to no request is left out. */
export const redisOptions = {
  requireParentSpan: true,
  dbStatementSerializer: (name: unknown, args: unknown): string =>
    redisText(String(name), Array.isArray(args) ? args : []),
}
