/**
 * The memory of all readers. What a client does not take stays in memory, and a client may take nothing at all; so readers share a
 * budget, wait for it in turn and not for ever, and while somebody waits, those that sit on a piece for long are ended. Who takes
 * next to nothing is ended in any case, for a reader holds on to its version too.
 *
 *     before the client   0 s ──────── 20 s ──────────────── 30 s + 1 s per KiB
 *                         as it likes  ends if others wait   ends
 */
import { HoldfastError } from '@holdfast/core/wire/errors.ts'
import { ByteBudget } from '../cluster/byte-budget.ts'
import type { Clock } from '../seams/clock.ts'

/** Plain bytes that all readers hold together; a chunk is at most 2 MiB. */
const BUDGET_BYTES = 128 * 1024 * 1024
/** Reading ahead is for few readers: it stops here, so that many slow ones still get a chunk each. */
const AHEAD_BYTES_MAX = 32 * 1024 * 1024
const WAITERS_MAX = 1024
/** A client that takes so long for a piece is slow, which is no harm as long as nobody waits. */
const SLOW_PIECE_MS = 20_000
/** Longer than that, so that whoever waits for slow readers outlasts them. */
const WAIT_MS_MAX = 30_000
/** As slow as a body may come, a piece may go, after the grace that a body has. */
const SENT_BYTES_PER_SECOND_MIN = 1024
const SENT_GRACE_MS = 30_000
const TICK_MS = 1000

/** Ends a reader: its client is not waited for any more. */
export type EndReader = (why: HoldfastError) => void

interface Sending {
  readonly sinceMs: number
  readonly allowedMs: number
  readonly end: EndReader
}

export class DownloadsRoom {
  readonly #clock: Clock
  readonly #budget = new ByteBudget(BUDGET_BYTES, WAITERS_MAX)
  /** The readers whose clients have a piece before them, in the order in which they got it. */
  readonly #sending = new Set<Sending>()
  #waiting = 0
  #isLooking = false
  /** The time in which clients could take something: while this process stood still, nothing was sent. */
  #passedMs = 0
  #lookedAtMs = 0

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
    const timer = this.#clock.after(WAIT_MS_MAX, () => {
      late.abort(new HoldfastError('overloaded', 'too many downloads wait for memory; try again shortly'))
    })
    this.#waiting++
    try {
      await this.#budget.take(bytes, AbortSignal.any([signal, late.signal]))
    } finally {
      this.#waiting--
      timer.cancel()
    }
  }

  give(bytes: number): void {
    this.#budget.give(bytes)
  }

  *send(piece: Uint8Array, end: EndReader): Generator<Uint8Array> {
    if (!this.#isLooking) this.#lookLater()
    const allowedMs = SENT_GRACE_MS + (1000 * piece.length) / SENT_BYTES_PER_SECOND_MIN
    const sending = { sinceMs: this.#nowMs(), allowedMs, end }
    this.#sending.add(sending)
    try {
      yield piece
    } finally {
      this.#sending.delete(sending)
    }
  }

  #nowMs(): number {
    return this.#passedMs + Math.min(this.#clock.monotonicMs() - this.#lookedAtMs, 2 * TICK_MS)
  }

  /** One timer for all readers, and only while there are any. */
  #lookLater(): void {
    this.#isLooking = true
    this.#lookedAtMs = this.#clock.monotonicMs()
    this.#clock.after(TICK_MS, () => {
      this.#passedMs = this.#nowMs()
      this.#isLooking = false
      this.#look()
      if (this.#sending.size > 0) this.#lookLater()
    })
  }

  #look(): void {
    const [slowest] = this.#sending
    if (slowest !== undefined && this.#waiting > 0 && this.#passedMs - slowest.sinceMs >= SLOW_PIECE_MS) {
      this.#end(slowest, 'the client takes its bytes too slowly, and others wait')
    }
    for (const sending of this.#sending) {
      if (this.#passedMs - sending.sinceMs >= sending.allowedMs)
        this.#end(sending, `a download is taken with at least ${SENT_BYTES_PER_SECOND_MIN} bytes a second`)
    }
  }

  #end(sending: Sending, why: string): void {
    this.#sending.delete(sending)
    sending.end(new HoldfastError('overloaded', why))
  }
}
