/**
 * The reads that a gateway has under way at one node. A disk may hang: then a read neither fails nor returns, and holds a thread
 * of the pool, and the memory that it reads into, until it does. So a node is asked for a few at a time and the others wait for
 * their turn; and a node that lets one read wait is *silent* until that read has ended. Whoever asks it meanwhile hears so.
 */
import type { Clock } from '../seams/clock.ts'
import { ByteBudget } from './byte-budget.ts'

/** The reads of two hung disks leave half of the pool's sixteen threads to others. */
export const READS_AT_ONCE_MAX = 4
const WAITERS_MAX = 4096
/** Longer than a disk takes that works, with so few reads at once. */
export const SILENT_AFTER_MS = 1000

export class ReadLane {
  readonly #clock: Clock
  readonly #turns = new ByteBudget(READS_AT_ONCE_MAX, WAITERS_MAX)
  readonly #waiting = new Set<() => void>()
  #late = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  get isSilent(): boolean {
    return this.#late > 0
  }

  /** `onSilence` may come more than once. An abort takes back what has not had its turn. @throws overloaded */
  async read<Answer>(read: () => Promise<Answer>, onSilence: () => void, signal: AbortSignal): Promise<Answer> {
    if (this.isSilent) onSilence()
    if (!this.#turns.tryTake(1)) await this.#turn(onSilence, signal)
    let isLate = false
    const timer = this.#clock.after(SILENT_AFTER_MS, () => {
      isLate = true
      this.#late++
      onSilence()
      for (const tell of this.#waiting) tell()
    })
    try {
      return await read()
    } finally {
      timer.cancel()
      if (isLate) this.#late--
      this.#turns.give(1)
    }
  }

  async #turn(onSilence: () => void, signal: AbortSignal): Promise<void> {
    this.#waiting.add(onSilence)
    try {
      await this.#turns.take(1, signal)
    } finally {
      this.#waiting.delete(onSilence)
    }
  }
}
