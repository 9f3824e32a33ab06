/**
 * How the program ends: asked by a signal, in order, and by a deadline, whatever a disk does. What was built last is taken down first,
 * each *part* in its own time. One that takes longer is *left* and said to be: the others are closed all the same, so that the next start
 * finds the catalog free. Nothing that was acknowledged hangs on any of it, for it is there after `kill -9` too.
 *
 *     signal ──▶ the last part ──▶ … ──▶ the first part ──▶ gone
 *       └───────────── ENDING_MS_MAX at most ─────────────────┘
 *
 * Only what keeps the event loop itself is beyond this: nothing runs then, and whoever sent the signal sends `kill -9`.
 */
import { assert } from '@holdfast/core/wire/assert.ts'
import { type Clock, within } from './seams/clock.ts'

/** From the signal on. All parts fit into it, so that none of them takes the time of those behind it. */
export const ENDING_MS_MAX = 30_000
/** What keeps the process when all is taken down is a thread that waits for its disk. */
export const LINGER_MS_MAX = 1000
/** A terminal, npm and the starter each send a signal for one Ctrl-C: what comes within this time is one press. */
const ONE_PRESS_MS = 1000

interface Part {
  readonly what: string
  readonly limitMs: number
  readonly end: () => PromiseLike<unknown>
}

export interface EndingOptions {
  readonly clock: Clock
  /** Hears of what failed or was left. */
  readonly warn: (sentence: string, error: unknown) => void
}

export class Ending implements AsyncDisposable {
  /** Resolves at the first SIGINT or SIGTERM. A Ctrl-C after that ends the process at once. */
  readonly asked: Promise<void>
  readonly #options: EndingOptions
  readonly #parts: Part[] = []
  #signal: NodeJS.Signals = 'SIGTERM'
  #askedMs: number | undefined

  constructor(options: EndingOptions) {
    this.#options = options
    this.asked = new Promise((resolve) => {
      for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => this.#hear(signal, resolve))
    })
  }

  /** Takes the part down when its turn comes, and waits for that as long as it says. */
  use<Resource extends AsyncDisposable>(what: string, limitMs: number, resource: Resource): Resource {
    this.defer(what, limitMs, () => resource[Symbol.asyncDispose]())
    return resource
  }

  defer(what: string, limitMs: number, end: () => PromiseLike<unknown>): void {
    this.#parts.push({ what, limitMs, end })
    const allMs = this.#parts.reduce((sum, part) => sum + part.limitMs, LINGER_MS_MAX)
    assert(allMs <= ENDING_MS_MAX, `all parts have ended in ${ENDING_MS_MAX} ms, also if each of them hangs`)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const { clock, warn } = this.#options
    for (let part = this.#parts.at(-1); part !== undefined; part = this.#parts.at(-1)) {
      const { what, limitMs, end } = part
      await within(clock, limitMs, Promise.resolve(end())).catch((error: unknown) =>
        warn(`${what}: left as it is`, error),
      )
      this.#parts.pop()
    }
    clock.after(LINGER_MS_MAX, () => this.#endNow('a thread still waits for its disk'))
  }

  #hear(signal: NodeJS.Signals, asked: () => void): void {
    const { clock } = this.#options
    if (this.#askedMs === undefined) {
      this.#askedMs = clock.monotonicMs()
      this.#signal = signal
      clock.after(ENDING_MS_MAX, () => this.#endNow(`the end takes longer than ${ENDING_MS_MAX / 1000} s`))
      asked()
    } else if (signal === 'SIGINT' && clock.monotonicMs() - this.#askedMs >= ONE_PRESS_MS) endBy(signal)
  }

  #endNow(because: string): void {
    const left = this.#parts.map(({ what }) => what)
    this.#options.warn(
      `ends now, for ${because}`,
      left.length === 0 ? undefined : new Error(`left: ${left.join(', ')}`),
    )
    endBy(this.#signal)
  }
}

/**
 * As if nobody had listened to the signal: an exit waits for every thread, and one that waits for a disk which hangs keeps it for ever.
 */
export function endBy(signal: NodeJS.Signals): void {
  process.removeAllListeners(signal)
  process.kill(process.pid, signal)
}
