// BullMQ on a Redis of its own, with telemetry, for the tests of signalbox/bullmq.
import { FlowProducer, type Job, type Processor, Queue, type QueueOptions, Worker, type WorkerOptions } from 'bullmq'
import { bullmqTelemetry, type BullmqTelemetryOptions } from '../../../src/integrations/bullmq.ts'
import { startRedis } from '../../support/redis.ts'

export interface BullOptions {
  /** False: without telemetry, as an application that has none. */
  readonly telemetry?: BullmqTelemetryOptions | false
}

export interface Bulls {
  readonly url: string
  readonly port: number
  queue(name: string, options?: BullOptions & Omit<QueueOptions, 'connection' | 'telemetry'>): Queue
  worker(
    name: string,
    processor: Processor | URL,
    options?: BullOptions & Omit<WorkerOptions, 'connection' | 'telemetry'>,
  ): Worker
  flows(): FlowProducer
  closeAll(): Promise<void>
  stop(): Promise<void>
}

export type { Job }

export async function bulls(): Promise<Bulls> {
  const redis = await startRedis()
  const opened: { close(): Promise<unknown> }[] = []
  const open = <T extends { close(): Promise<unknown>; on(event: 'error', listener: () => void): unknown }>(
    it: T,
  ): T => {
    it.on('error', () => {})
    opened.push(it)
    return it
  }
  const common = ({ telemetry }: BullOptions) => ({
    connection: { host: '127.0.0.1', port: redis.port },
    ...(telemetry !== false && { telemetry: bullmqTelemetry(telemetry) }),
  })
  const closeAll = async (): Promise<void> => {
    await Promise.all(opened.splice(0).map((each) => each.close()))
  }
  return {
    url: redis.url,
    port: redis.port,
    queue: (name, options = {}) => open(new Queue(name, { ...options, ...common(options) } as QueueOptions)),
    worker: (name, processor, options = {}) =>
      open(new Worker(name, processor, { ...options, ...common(options) } as WorkerOptions)),
    flows: () => open(new FlowProducer(common({}))),
    closeAll,
    stop: async () => {
      await closeAll()
      await redis.stop()
    },
  }
}

/** A plain client, as somebody would use who can reach Redis. */
export async function redisClient(port: number): Promise<{
  hget(key: string, field: string): Promise<string | null>
  hset(key: string, field: string, value: string): Promise<unknown>
  hgetall(key: string): Promise<Record<string, string>>
  disconnect(): void
}> {
  const { Redis } = await import('ioredis')
  return new Redis(port, '127.0.0.1')
}
