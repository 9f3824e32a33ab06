/**
 * Fills windows with a body as it comes. The memory of a window is many times what a slow client sends while others wait for it, so:
 *
 *     gathered   64 KiB of a window are received before it asks for a slot
 *     turn       while others wait for one, a window is filled for 500 ms and then leaves, full or not
 *
 * A client that is slow thus holds a slot for moments, and one that is fast notices nothing of either.
 */
import { assert } from '@holdfast/core/wire/assert.ts'
import type { StripeSlot } from '../compute/compute.ts'
import { copyInto } from '../compute/copy-into.ts'
import type { Clock, Timer } from '../seams/clock.ts'
import { freeBytes } from '../seams/free-bytes.ts'

/** Room for this much is lent before the body is read. */
export const GATHERED_BYTES = 64 * 1024
const TURN_MS = 500

export interface FilledWindow {
  readonly slot: StripeSlot
  /** Where its bytes end. */
  readonly end: number
}

interface Window {
  readonly slot: StripeSlot
  end: number
  turn: Timer
}

export interface WindowFloor {
  readonly clock: Clock
  /** Bytes stand in a slot's plain area from here … */
  readonly from: number
  /** … to here at most. */
  readonly to: number
  readonly open: () => Promise<StripeSlot>
  readonly othersWait: () => boolean
  /** Takes a window over that is full, or whose turn is over. */
  readonly leave: (window: FilledWindow) => void
}

export class WindowFiller {
  readonly #floor: WindowFloor
  readonly #gathered: Uint8Array[] = []
  #gatheredBytes = 0
  #window: Window | undefined

  constructor(floor: WindowFloor) {
    this.#floor = floor
  }

  /** Waits for a slot where the piece needs one. */
  async add(piece: Uint8Array): Promise<void> {
    this.#gathered.push(piece)
    this.#gatheredBytes += piece.length
    while (this.#gatheredBytes > 0 && (this.#window !== undefined || this.#gatheredBytes >= GATHERED_BYTES)) {
      await this.#pour()
    }
  }

  /** The last window, which may be empty. */
  async end(): Promise<FilledWindow> {
    while (this.#gatheredBytes > 0) await this.#pour()
    this.#window ??= await this.#open()
    return this.#take()
  }

  abandon(): void {
    if (this.#window !== undefined) this.#take().slot.release()
  }

  /** Moves what was gathered, as far as one window has room. A full one leaves when there is more, for the last one is cut to its end. */
  async #pour(): Promise<void> {
    this.#window ??= await this.#open()
    const window = this.#window
    for (let piece = this.#gathered[0]; piece !== undefined; piece = this.#gathered[0]) {
      const room = this.#floor.to - window.end
      if (room === 0) {
        this.#floor.leave(this.#take())
        return
      }
      const moved = piece.length <= room ? piece : piece.subarray(0, room)
      copyInto(window.slot.plain, window.end, moved)
      window.end += moved.length
      this.#gatheredBytes -= moved.length
      if (moved === piece) {
        this.#gathered.shift()
        freeBytes(piece)
      } else this.#gathered[0] = piece.subarray(room)
    }
  }

  async #open(): Promise<Window> {
    const slot = await this.#floor.open()
    return { slot, end: this.#floor.from, turn: this.#nextTurn() }
  }

  #nextTurn(): Timer {
    return this.#floor.clock.after(TURN_MS, () => {
      assert(this.#window !== undefined, 'a turn is a window’s')
      if (this.#floor.othersWait()) this.#floor.leave(this.#take())
      else this.#window.turn = this.#nextTurn()
    })
  }

  #take(): FilledWindow {
    const window = this.#window
    assert(window !== undefined, 'there is a window to take')
    this.#window = undefined
    window.turn.cancel()
    return window
  }
}
