/**
 * Watches every body that is being received, and ends those whose senders hold them back. Only time in which we wait for the client
 * counts. One timer serves all of them, and runs only while there are any.
 *
 *     waited   |---------- 30 s ----------|---------- 30 s ----------|
 *     bytes        at least 30 KiB: on         fewer: body_too_slow
 *
 * While others wait for the room that it takes up, a body has to be faster.
 */
import { HoldfastError } from '@holdfast/core/wire/errors.ts'
import type { Clock, Timer } from '../../../seams/clock.ts'
import { BODY_BYTES_PER_SECOND_MIN, BODY_TICK_MS, BODY_WINDOW_MS, CROWDED_BYTES_PER_SECOND_MIN } from '../limits.ts'

export interface WatchedBody {
  receivedBytes: number
  /** True while the next bytes are the client's to send. */
  isWaiting(): boolean
  fail(error: HoldfastError): void
}

interface Window {
  waitedMs: number
  fromBytes: number
}

export class BodyPace {
  readonly #clock: Clock
  readonly #isCrowded: () => boolean
  readonly #bodies = new Map<WatchedBody, Window>()
  #timer: Timer | undefined
  #lookedAtMs = 0

  constructor(clock: Clock, isCrowded: () => boolean) {
    this.#clock = clock
    this.#isCrowded = isCrowded
  }

  watch(body: WatchedBody): void {
    this.#bodies.set(body, { waitedMs: 0, fromBytes: body.receivedBytes })
    if (this.#timer === undefined) this.#next()
  }

  unwatch(body: WatchedBody): void {
    this.#bodies.delete(body)
  }

  #next(): void {
    this.#lookedAtMs = this.#clock.monotonicMs()
    this.#timer = this.#clock.after(BODY_TICK_MS, () => {
      this.#look()
      this.#timer = undefined
      if (this.#bodies.size > 0) this.#next()
    })
  }

  #look(): void {
    // If this process stood still, what was sent meanwhile is still unread: that time is not the client's.
    const passedMs = Math.min(this.#clock.monotonicMs() - this.#lookedAtMs, 2 * BODY_TICK_MS)
    const bytesPerSecond = this.#isCrowded() ? CROWDED_BYTES_PER_SECOND_MIN : BODY_BYTES_PER_SECOND_MIN
    for (const [body, window] of this.#bodies) {
      if (!body.isWaiting()) continue
      window.waitedMs += passedMs
      if (window.waitedMs < BODY_WINDOW_MS) continue
      if (body.receivedBytes - window.fromBytes < (bytesPerSecond * BODY_WINDOW_MS) / 1000) {
        this.#bodies.delete(body)
        body.fail(tooSlow(bytesPerSecond))
      } else {
        window.waitedMs = 0
        window.fromBytes = body.receivedBytes
      }
    }
  }
}

function tooSlow(bytesPerSecond: number): HoldfastError {
  const whenever = bytesPerSecond > BODY_BYTES_PER_SECOND_MIN ? ' while others wait' : ''
  return new HoldfastError('body_too_slow', `a body arrives with at least ${bytesPerSecond} bytes a second${whenever}`)
}
