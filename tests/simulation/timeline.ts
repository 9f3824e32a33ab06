/**
 * Virtual time: a queue of what will happen, in order of its time and then of its asking. Whoever waits for an answer lets
 * the queue run. Between two events everything runs that the first one set free, and nothing else can: no event looks at a
 * real clock, and no input or output is real.
 *
 * A *life* is what ends with a crash. Its timers go with it, so that what it was waiting for never comes.
 */
import { assert } from '@holdfast/core/wire/assert.ts'
import type { Clock, Timer } from '@holdfast/server/seams/clock.ts'

/** A run that takes longer than this in its own time is stuck in a circle. */
const MONOTONIC_MS_MAX = 24 * 3600_000
/** 2026-11-21, so that ids look like ids. */
const EPOCH_MS = 1_795_000_000_000

interface Event {
  readonly atMs: number
  readonly order: number
  act: (() => void) | undefined
}

export class Timeline {
  readonly #heap: Event[] = []
  #nowMs = 0
  #order = 0
  /** What people's clocks show beyond the truth. */
  wallOffsetMs = 0

  get nowMs(): number {
    return this.#nowMs
  }

  after(delayMs: number, act: () => void): Timer {
    const event: Event = { atMs: this.#nowMs + Math.max(0, delayMs), order: this.#order++, act }
    this.#push(event)
    return {
      cancel: () => {
        event.act = undefined
      },
    }
  }

  sleep(delayMs: number): Promise<void> {
    return new Promise((resolve) => this.after(delayMs, resolve))
  }

  /** Lets events happen until `done` has settled. Throws where nothing is left that could settle it. */
  async until<Result>(done: Promise<Result>): Promise<Result> {
    let settled = false
    const watched = done.finally(() => {
      settled = true
    })
    watched.catch(() => undefined)
    await whatIsFree()
    while (!settled) {
      const event = this.#pop()
      assert(event !== undefined, 'whoever waits, waits for an event')
      if (event.act === undefined) continue
      this.#nowMs = event.atMs
      assert(this.#nowMs < MONOTONIC_MS_MAX, 'a run comes to its end')
      event.act()
      await whatIsFree()
    }
    return await watched
  }

  #push(event: Event): void {
    const heap = this.#heap
    let at = heap.push(event) - 1
    while (at > 0) {
      const above = (at - 1) >> 1
      const parent = heap[above]
      if (parent === undefined || isBefore(parent, event)) break
      heap[at] = parent
      at = above
    }
    heap[at] = event
  }

  #pop(): Event | undefined {
    const heap = this.#heap
    const first = heap[0]
    const last = heap.pop()
    if (first === undefined || last === undefined || heap.length === 0) return first
    let at = 0
    for (;;) {
      let below = 2 * at + 1
      let child = heap[below]
      if (child === undefined) break
      const other = heap[below + 1]
      if (other !== undefined && isBefore(other, child)) {
        child = other
        below++
      }
      if (isBefore(last, child)) break
      heap[at] = child
      at = below
    }
    heap[at] = last
    return first
  }
}

export class Life implements Clock {
  readonly #timeline: Timeline
  #endedAtMs: number | undefined
  readonly #bereaved = new Set<() => void>()

  constructor(timeline: Timeline) {
    this.#timeline = timeline
  }

  get isOver(): boolean {
    return this.#endedAtMs !== undefined
  }

  get endedAtMs(): number | undefined {
    return this.#endedAtMs
  }

  now(): number {
    return Math.floor(EPOCH_MS + this.#timeline.nowMs + this.#timeline.wallOffsetMs)
  }

  monotonicMs(): number {
    return this.#timeline.nowMs
  }

  after(delayMs: number, act: () => void): Timer {
    return this.#timeline.after(delayMs, () => {
      if (!this.isOver) act()
    })
  }

  /** What `work` comes to, or undefined where this life ends before. */
  outlive<Result>(work: Promise<Result>): Promise<Result | undefined> {
    return new Promise((resolve, reject) => {
      const bereave = (): void => resolve(undefined)
      this.#bereaved.add(bereave)
      work.then(resolve, reject).finally(() => this.#bereaved.delete(bereave))
    })
  }

  end(): void {
    this.#endedAtMs ??= this.#timeline.nowMs
    for (const bereave of this.#bereaved) bereave()
    this.#bereaved.clear()
  }
}

function isBefore(one: Event, other: Event): boolean {
  return one.atMs < other.atMs || (one.atMs === other.atMs && one.order < other.order)
}

/** Ends when every promise that could go on has done so. Takes no time that anybody could see. */
function whatIsFree(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
