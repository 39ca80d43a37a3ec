import { describe, expect, it } from 'vitest'
import { LaneVoice } from '../../src/pipeline/lane-voice.ts'
import { problemOf } from '../../src/pipeline/ledger.ts'
import { heard } from './support.ts'

type Event = 'held' | 'dropped' | 'blocked' | 'delivered'

/** What is said of these events, each with the second it happens at. */
function saidOf(events: readonly (readonly [second: number, event: Event])[]): string[] {
  const said = heard()
  const lines: string[] = []
  let now = 0
  const voice = new LaneVoice('it', { maxItems: 1, maxBytes: 1 }, () => now)
  for (const [second, event] of events) {
    now = second * 1_000
    if (event === 'delivered') voice.delivered()
    else voice.failed(event, problemOf('http_401', '', now))
    for (const line of said.splice(0))
      lines.push(`${second} ${/is failing|refuses data|takes nothing|works again/.exec(line)?.[0]}`)
  }
  return lines
}

const every = (seconds: number, from: number, to: number, event: Event): (readonly [number, Event])[] =>
  Array.from({ length: Math.floor((to - from) / seconds) + 1 }, (_, index) => [from + index * seconds, event] as const)

describe('what is said of a backend', () => {
  it('is a second outage soon after the first, when a minute is over', () => {
    expect(saidOf([[0, 'held'], [10, 'delivered'], ...every(30, 30, 600, 'blocked')])).toEqual([
      '0 is failing',
      '10 works again',
      '60 takes nothing',
    ])
  })

  it('is not an outage that was over before the minute was', () => {
    expect(saidOf([[0, 'held'], [10, 'delivered'], ...every(5, 20, 50, 'held'), [55, 'delivered']])).toEqual([
      '0 is failing',
      '10 works again',
    ])
  })

  it.each([
    ['blocked', 'takes nothing'],
    ['held', 'is failing'],
  ] as const)('is that all is %s after some was dropped', (fate, what) => {
    expect(saidOf([[0, 'dropped'], ...every(30, 3_600, 7_200, fate), [7_300, 'delivered']])).toEqual([
      '0 refuses data',
      `3600 ${what}`,
      '7300 works again',
    ])
  })

  it('is each outage of one that refuses some of everything, and its end', () => {
    const events = [
      ...every(30, 0, 300, 'dropped'),
      ...every(30, 330, 600, 'blocked'),
      ...every(30, 630, 900, 'dropped'),
      ...every(30, 930, 1_200, 'blocked'),
    ]
    expect(saidOf(events)).toEqual(['0 refuses data', '330 takes nothing', '630 works again', '930 takes nothing'])
  })

  it('is one trouble a minute at most, whatever comes', () => {
    const kinds: readonly Event[] = ['held', 'dropped', 'blocked', 'delivered', 'blocked', 'dropped', 'held', 'held']
    const events = Array.from(
      { length: 1_200 },
      (_, second) => [second, kinds[second % kinds.length] as Event] as const,
    )
    const troubles = saidOf(events)
      .filter((line) => !line.endsWith('works again'))
      .map((line) => Number.parseInt(line, 10))
    expect(troubles.length).toBeGreaterThan(15)
    expect(troubles.slice(1).filter((second, index) => second - (troubles[index] ?? 0) < 60)).toEqual([])
  })
})
