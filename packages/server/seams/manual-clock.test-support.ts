/** A clock that stands until it is moved. */
import type { Clock, Timer } from './clock.ts'

const START_MS = Date.UTC(2026, 10, 20)

export class ManualClock implements Clock {
  #nowMs = 0
  readonly #timers = new Set<{ readonly atMs: number; readonly act: () => void }>()

  now(): number {
    return START_MS + this.#nowMs
  }

  monotonicMs(): number {
    return this.#nowMs
  }

  after(delayMs: number, act: () => void): Timer {
    const timer = { atMs: this.#nowMs + delayMs, act }
    this.#timers.add(timer)
    return { cancel: () => this.#timers.delete(timer) }
  }

  get timers(): number {
    return this.#timers.size
  }

  /** Timers act in the order of their times, each at its own. */
  advance(byMs: number): void {
    const untilMs = this.#nowMs + byMs
    for (;;) {
      const [next] = [...this.#timers].filter(({ atMs }) => atMs <= untilMs).sort((a, b) => a.atMs - b.atMs)
      if (next === undefined) break
      this.#timers.delete(next)
      this.#nowMs = next.atMs
      next.act()
    }
    this.#nowMs = untilMs
  }
}
