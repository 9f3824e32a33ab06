/**
 * Whether reads may be done at once, on the event loop, because the bytes are most likely in memory. One that takes long stops
 * everybody else; then reads go the long way for a while, and for twice as long each time it happens again soon. A disk that
 * is slow is thus tried once a second at most, and no more when that is reached until its bytes were read the long way; one slow
 * read among thousands, which may as well have been the scheduler's doing, costs next to nothing.
 */

/** A read that took longer came from the platter. */
const NEAR_READ_MS_MAX = 2
const PAUSE_MS_MIN = 10
const PAUSE_MS_MAX = 1000
/** So many near reads in a row, and the slow ones before them are forgotten. */
const FORGIVEN_AFTER_READS = 256

export class NearReads {
  #pausedUntilMs = 0
  #pauseMs = PAUSE_MS_MIN
  #nearInARow = 0

  allowedAt(nowMs: number): boolean {
    return nowMs >= this.#pausedUntilMs
  }

  /** False where so many were slow that what was read before can no longer be near. */
  note(beganMs: number, endedMs: number): boolean {
    if (endedMs - beganMs <= NEAR_READ_MS_MAX) {
      if (++this.#nearInARow >= FORGIVEN_AFTER_READS) this.#pauseMs = PAUSE_MS_MIN
      return true
    }
    this.#nearInARow = 0
    this.#pausedUntilMs = endedMs + this.#pauseMs
    this.#pauseMs = Math.min(2 * this.#pauseMs, PAUSE_MS_MAX)
    return this.#pauseMs < PAUSE_MS_MAX
  }
}
