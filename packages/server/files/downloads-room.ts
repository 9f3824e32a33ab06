/**
 * The memory of all readers. What a client does not take stays in memory, and a client may take nothing at all; so readers share a
 * budget, and wait for it in turn and not for ever. While somebody waits, those that sit on a piece for a while let go of all else that
 * they hold, which is read again when they go on, and those that sit on it for long are ended. Who takes next to nothing is ended
 * in any case, for a reader holds on to its version too.
 *
 *     before the client   0 s ──────── 1 s ───────────── 20 s ──────────────── 30 s + 1 s per KiB
 *                         as it likes  keeps this piece  ends                  ends
 *                                      ╰────── if others wait ──────╯
 */
import { HoldfastError } from '@holdfast/core/wire/errors.ts'
import { ByteBudget } from '../cluster/byte-budget.ts'
import type { Clock } from '../seams/clock.ts'

/** Plain bytes that all readers hold together: a chunk is at most 2 MiB. */
const BUDGET_BYTES = 32 * 1024 * 1024
/** Up to here readers are few, and read ahead. */
const FEW_BYTES_MAX = 8 * 1024 * 1024
/** The fewer pieces, the faster; the shorter, the less do slow clients keep. */
const PIECE_BYTES_OF_FEW = 2 * 1024 * 1024
const PIECE_BYTES_OF_MANY = 256 * 1024
const WAITERS_MAX = 1024
/** A client that takes so long for a piece does not miss what is behind it. */
const LET_GO_AFTER_MS = 1000
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

/** A reader, as far as others are concerned. */
export interface Reader {
  readonly end: EndReader
  /** Lets go of all but the piece that its client has before it. Returns how many bytes that are. */
  letGo(): number
}

interface Sending {
  readonly sinceMs: number
  readonly allowedMs: number
  readonly reader: Reader
}

export class DownloadsRoom {
  readonly #clock: Clock
  readonly #budget = new ByteBudget(BUDGET_BYTES, WAITERS_MAX)
  /** The readers whose clients have a piece before them, in the order in which they got it. */
  readonly #sending = new Set<Sending>()
  #waiting = 0
  #waitingBytes = 0
  #isLooking = false
  /** The time in which clients could take something: while this process stood still, nothing was sent. */
  #passedMs = 0
  #lookedAtMs = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  get #areFew(): boolean {
    return this.#budget.heldBytes <= FEW_BYTES_MAX
  }

  /** How long the pieces are in which a chunk goes that is read now. */
  get pieceBytes(): number {
    return this.#areFew ? PIECE_BYTES_OF_FEW : PIECE_BYTES_OF_MANY
  }

  /** For what is only read ahead. */
  tryTake(bytes: number): boolean {
    return this.#areFew && this.#budget.tryTake(bytes)
  }

  /** For what the client waits for. @throws overloaded */
  async take(bytes: number, signal: AbortSignal): Promise<void> {
    if (this.#budget.tryTake(bytes)) return
    const late = new AbortController()
    const timer = this.#clock.after(WAIT_MS_MAX, () => {
      late.abort(new HoldfastError('overloaded', 'too many downloads wait for memory; try again shortly'))
    })
    this.#waiting++
    this.#waitingBytes += bytes
    this.#makeRoom(this.#nowMs())
    try {
      await this.#budget.take(bytes, AbortSignal.any([signal, late.signal]))
    } finally {
      this.#waiting--
      this.#waitingBytes -= bytes
      timer.cancel()
    }
  }

  give(bytes: number): void {
    this.#budget.give(bytes)
  }

  /** Gives the piece's part of the budget back when it has gone. */
  *send(piece: Uint8Array, reader: Reader): Generator<Uint8Array> {
    if (!this.#isLooking) this.#lookLater()
    const bytes = piece.length
    const allowedMs = SENT_GRACE_MS + (1000 * bytes) / SENT_BYTES_PER_SECOND_MIN
    const sending = { sinceMs: this.#nowMs(), allowedMs, reader }
    this.#sending.add(sending)
    try {
      yield piece
    } finally {
      this.#sending.delete(sending)
      this.give(bytes)
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

  /** The slowest let go, as far as that is needed. */
  #makeRoom(nowMs: number): void {
    let madeBytes = 0
    for (const { sinceMs, reader } of this.#sending) {
      if (madeBytes >= this.#waitingBytes || nowMs - sinceMs < LET_GO_AFTER_MS) return
      madeBytes += reader.letGo()
    }
  }

  #look(): void {
    this.#makeRoom(this.#passedMs)
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
    sending.reader.end(new HoldfastError('overloaded', why))
  }
}
