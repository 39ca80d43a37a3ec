import { resourceFromAttributes } from '@opentelemetry/resources'
import { describe, expect, it } from 'vitest'
import type { ReadableLogRecord } from '@opentelemetry/sdk-logs'
import type { Backend } from '../../src/backends/backend.ts'
import { spanOf } from '../support/telemetry-items.ts'
import { heard, named, pipelineTo, scripted } from './support.ts'

/** A backend that keeps the records it is given. */
function keeping(): Backend & { readonly records: ReadableLogRecord[] } {
  const records: ReadableLogRecord[] = []
  return {
    records,
    deliver: (batch) => {
      if (batch.signal === 'logs') records.push(...batch.records)
      return Promise.resolve({ kind: 'delivered' })
    },
  }
}

const refusing = (times: number): Backend =>
  scripted(Array.from({ length: times }, () => ({ kind: 'rejected', reason: 'http_400' }) as const))
const resource = resourceFromAttributes({ 'service.name': 'api' })

describe('what a backend loses', () => {
  it('is told to those that work, by signal and reason, once a minute', async () => {
    heard()
    let nowMs = 1_767_225_600_500
    const [well, quiet, tracesOnly] = [keeping(), keeping(), keeping()]
    const pipeline = pipelineTo(
      [
        named('losing', refusing(3)),
        named('well', well),
        named('quiet', quiet, { minLevel: 'error' }),
        named('traces', tracesOnly, { signals: ['traces'] }),
      ],
      { resource, now: () => nowMs },
    )
    const lose = async (count: number): Promise<void> => {
      for (let index = 0; index < count; index += 1) pipeline.pushSpan(spanOf(String(index)))
      await pipeline.flush(1_000)
      pipeline.pushSpan(spanOf('next'))
      await pipeline.flush(1_000)
    }
    await lose(3)
    expect(well.records).toHaveLength(1)
    const [record] = well.records
    expect(record).toMatchObject({
      body: '3 spans did not reach "losing": http_400',
      severityNumber: 13,
      eventName: 'signalbox.dropped',
      hrTime: [1_767_225_600, 500_000_000],
      resource,
      attributes: {
        'signalbox.backend': 'losing',
        'signalbox.signal': 'traces',
        'signalbox.reason': 'http_400',
        'signalbox.items': 3,
      },
    })
    // The second of the three refusals was that of `next`, and within the minute.
    await lose(5)
    expect(well.records).toHaveLength(1)
    nowMs += 60_000
    await lose(1)
    expect(well.records.map(({ body }) => body)).toEqual([
      '3 spans did not reach "losing": http_400',
      '6 spans did not reach "losing": http_400',
    ])
    expect([...quiet.records, ...tracesOnly.records]).toEqual([])
    expect(pipeline.status()['well']?.logs).toMatchObject({ accepted: 2, delivered: 2 })
  })

  it('is told when one works again, where none did', async () => {
    heard()
    let isUp = false
    const records: ReadableLogRecord[] = []
    const other: Backend = {
      deliver: (batch) => {
        if (!isUp) return Promise.resolve({ kind: 'retry', reason: 'http_503' })
        if (batch.signal === 'logs') records.push(...batch.records)
        return Promise.resolve({ kind: 'delivered' })
      },
    }
    const pipeline = pipelineTo([named('losing', refusing(1)), named('other', other)], { resource, random: () => 1 })
    pipeline.pushSpan(spanOf('one'))
    await pipeline.flush(50)
    pipeline.pushSpan(spanOf('two'))
    await pipeline.flush(50)
    expect(pipeline.status()['other']).toMatchObject({ state: 'waiting', logs: { accepted: 0 } })
    isUp = true
    await pipeline.flush(1_000)
    pipeline.pushSpan(spanOf('three'))
    await pipeline.flush(1_000)
    expect(records.map(({ body }) => body)).toEqual(['1 span did not reach "losing": http_400'])
  })
})
