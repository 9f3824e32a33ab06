/**
 * The memory of all readers. What a client does not take stays in memory, and a client may take nothing at all; so readers share a
 * budget, wait for it in turn and not for ever, and while somebody waits, those that sit on a piece for long are ended.
 */
import { HoldfastError } from '@holdfast/core/wire/errors.ts'
import { ByteBudget } from '../cluster/byte-budget.ts'
import type { Clock, Timer } from '../seams/clock.ts'

/** Plain bytes that all readers hold together; a chunk is at most 2 MiB. */
const BUDGET_BYTES = 128 * 1024 * 1024
/** Reading ahead is for few readers: it stops here, so that many slow ones still get a chunk each. */
const AHEAD_BYTES_MAX = 32 * 1024 * 1024
const WAITERS_MAX = 1024
/** A client that takes so long for a piece is slow, which is no harm as long as nobody waits. */
const SLOW_PIECE_MS = 20_000
/** Longer than that, so that whoever waits for slow readers outlasts them. */
const WAIT_MS_MAX = 30_000
const WAIT_TICK_MS = 1000

/** Ends a reader: its client is not waited for any more. */
export type EndReader = (why: HoldfastError) => void

interface Sending {
  readonly sinceMs: number
  readonly end: EndReader
}

export class DownloadsRoom {
  readonly #clock: Clock
  readonly #budget = new ByteBudget(BUDGET_BYTES, WAITERS_MAX)
  /** The readers whose clients have a piece before them, in the order in which they got it. */
  readonly #sending = new Set<Sending>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** For what is only read ahead. */
  tryTake(bytes: number): boolean {
    return this.#budget.heldBytes <= AHEAD_BYTES_MAX && this.#budget.tryTake(bytes)
  }

  /** For what the client waits for. @throws overloaded */
  async take(bytes: number, signal: AbortSignal): Promise<void> {
    if (this.#budget.tryTake(bytes)) return
    const late = new AbortController()
    const waiting = this.#watch(late)
    try {
      await this.#budget.take(bytes, AbortSignal.any([signal, late.signal]))
    } finally {
      waiting.cancel()
    }
  }

  give(bytes: number): void {
    this.#budget.give(bytes)
  }

  *send(piece: Uint8Array, end: EndReader): Generator<Uint8Array> {
    const sending = { sinceMs: this.#clock.monotonicMs(), end }
    this.#sending.add(sending)
    try {
      yield piece
    } finally {
      this.#sending.delete(sending)
    }
  }

  #watch(late: AbortController): Timer {
    const untilMs = this.#clock.monotonicMs() + WAIT_MS_MAX
    const next = (): Timer =>
      this.#clock.after(WAIT_TICK_MS, () => {
        this.#endSlowest()
        if (this.#clock.monotonicMs() < untilMs) timer = next()
        else late.abort(new HoldfastError('overloaded', 'too many downloads wait for memory; try again shortly'))
      })
    let timer = next()
    return { cancel: () => timer.cancel() }
  }

  #endSlowest(): void {
    const [slowest] = this.#sending
    if (slowest === undefined || this.#clock.monotonicMs() - slowest.sinceMs < SLOW_PIECE_MS) return
    this.#sending.delete(slowest)
    slowest.end(new HoldfastError('overloaded', 'the client takes its bytes too slowly, and others wait'))
  }
}
