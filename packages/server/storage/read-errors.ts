/**
 * What a disk has failed to read, and whether that is too much. One bad place is ordinary: its shard is rebuilt from the others. Many
 * within an hour are a disk that is dying, and what is written to it now would be lost with it.
 */
import type { Clock } from '../seams/clock.ts'

/** The disk's budget: so many shards that it fails to read within the window. */
export const SHARDS_UNREAD_MAX = 8
const WINDOW_MS = 3600_000

export class ReadErrors {
  readonly #clock: Clock
  /** Places of records that could not be read, and when; never more than the budget has. */
  readonly #places = new Map<string, number>()
  #count = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Since the disk was mounted. */
  get count(): number {
    return this.#count
  }

  get areTooMany(): boolean {
    this.#forget()
    return this.#places.size >= SHARDS_UNREAD_MAX
  }

  /** The same record may be asked for again and again: it counts as one place. */
  note(segment: number, offset: number): void {
    this.#count++
    this.#forget()
    const place = `${segment} ${offset}`
    if (this.#places.size < SHARDS_UNREAD_MAX || this.#places.has(place))
      this.#places.set(place, this.#clock.monotonicMs())
  }

  #forget(): void {
    const sinceMs = this.#clock.monotonicMs() - WINDOW_MS
    for (const [place, atMs] of this.#places) if (atMs <= sinceMs) this.#places.delete(place)
  }
}
