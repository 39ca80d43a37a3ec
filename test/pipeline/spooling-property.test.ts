import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { spanOf } from '../support/telemetry-items.ts'
import { heard, named, type OtlpStep, pipelineTo, scriptedOtlp } from './support.ts'

type Kind = 'delivered' | 'failing' | 'too large' | 'refused' | 'poison'

interface Spell {
  /** What the backend says, and after how many milliseconds. */
  readonly kind: Kind
  readonly afterMs: number
  readonly pushed: number
  readonly forMs: number
  readonly ending: 'goes on' | 'flushes' | 'rests' | 'restarts'
}

const steps: Readonly<Record<Kind, OtlpStep>> = {
  delivered: { kind: 'delivered' },
  failing: { kind: 'retry', reason: 'http_503' },
  'too large': { kind: 'split', cause: 'size', reason: 'http_413' },
  refused: { kind: 'blocked', reason: 'http_401' },
  poison: { kind: 'split', cause: 'item', reason: 'http_400' },
}

const spells = fc.array(
  fc.record<Spell>({
    kind: fc.constantFrom<Kind[]>('delivered', 'failing', 'failing', 'too large', 'refused', 'poison'),
    afterMs: fc.constantFrom(0, 1, 5, 20),
    pushed: fc.nat(40),
    forMs: fc.constantFrom(0, 1, 10, 40),
    ending: fc.constantFrom<Spell['ending'][]>('goes on', 'goes on', 'goes on', 'flushes', 'rests', 'restarts'),
  }),
  { minLength: 1, maxLength: 12 },
)

const modes = fc.constantFrom<('on-failure' | 'always')[]>('on-failure', 'always')

/** A spool, and a process after the other that delivers by way of it. */
class Life {
  readonly #path = mkdtempSync(join(tmpdir(), 'signalbox-spooling-'))
  readonly #mode: 'on-failure' | 'always'
  readonly #queueItems: number
  #spell: Pick<Spell, 'kind' | 'afterMs'> = { kind: 'delivered', afterMs: 0 }
  readonly backend = scriptedOtlp(() => {
    const { kind, afterMs } = this.#spell
    return afterMs === 0 ? steps[kind] : { answer: sleep(afterMs, steps[kind]) }
  })
  #pipeline
  #pushed = 0
  #dropped = 0

  constructor(mode: 'on-failure' | 'always', queueItems: number) {
    this.#mode = mode
    this.#queueItems = queueItems
    this.#pipeline = this.#start()
  }

  async live({ kind, afterMs, pushed, forMs, ending }: Spell): Promise<void> {
    this.#spell = { kind, afterMs }
    for (let index = 0; index < pushed; index += 1) {
      this.#pipeline.pushSpan(spanOf(`s${this.#pushed}`, { noise: randomBytes(800).toString('base64') }))
      this.#pushed += 1
      if (index % 7 === 6) await new Promise((resolve) => setImmediate(resolve))
    }
    await sleep(forMs)
    if (ending === 'flushes') await this.#pipeline.flush(5)
    if (ending === 'rests') this.#pipeline.rest()
    if (ending === 'restarts') await this.#restart()
  }

  /** Lets the backend take everything, and counts what there was, what came and what was counted as lost. */
  async end(): Promise<{ pushed: number; delivered: readonly string[]; dropped: number; waiting: number }> {
    this.#spell = { kind: 'delivered', afterMs: 0 }
    // What a process before this one left is there when the first has come to its end.
    for (let turns = 0; turns < 100 && (turns === 0 || this.#waiting > 0); turns += 1) await this.#pipeline.flush(100)
    const waiting = this.#waiting
    await this.#pipeline.close(1_000)
    this.#count()
    rmSync(this.#path, { recursive: true, force: true })
    return { pushed: this.#pushed, delivered: this.backend.delivered, dropped: this.#dropped, waiting }
  }

  get #books(): { queued: number; spooled?: number; dropped: Readonly<Record<string, number>> } {
    const { traces } = this.#pipeline.status()['x'] ?? {}
    return traces ?? { queued: NaN, dropped: {} }
  }

  get #waiting(): number {
    return this.#books.queued + (this.#books.spooled ?? 0)
  }

  async #restart(): Promise<void> {
    await this.#pipeline.close(0)
    this.#count()
    this.#pipeline = this.#start()
  }

  #count(): void {
    for (const count of Object.values(this.#books.dropped)) this.#dropped += count
  }

  #start(): ReturnType<typeof pipelineTo> {
    const limits = { maxItems: 3, maxBytes: 1_000_000, maxAgeMs: 5 }
    return pipelineTo([named('x', this.backend)], {
      batch: { traces: limits, logs: limits },
      queue: { maxItems: this.#queueItems, maxBytes: 10_000_000 },
      spool: { mode: this.#mode, dir: join(this.#path, 'spool'), service: 'api', maxBytes: 65_536 },
    })
  }
}

it('whatever a backend does, whenever: each item is delivered once or counted, and nothing waits in the end', async () => {
  heard()
  await fc.assert(
    fc.asyncProperty(modes, fc.constantFrom(5, 30), spells, async (mode, queueItems, spells) => {
      const life = new Life(mode, queueItems)
      for (const spell of spells) await life.live(spell)
      const { pushed, delivered, dropped, waiting } = await life.end()
      expect(waiting).toBe(0)
      expect(new Set(delivered).size).toBe(delivered.length)
      expect(delivered.length + dropped).toBe(pushed)
    }),
    { numRuns: 150 },
  )
}, 120_000)
