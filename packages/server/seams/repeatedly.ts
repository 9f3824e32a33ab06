/** Work in *turns*, again and again and never twice at once, each some time after the one before. */
import { AssertionError } from '@holdfast/core/wire/assert.ts'
import type { Clock } from './clock.ts'

export interface Turns {
  readonly clock: Clock
  readonly everyMs: number
  readonly act: (closing: AbortSignal) => Promise<unknown>
  /** Hears why a turn failed; the next one comes all the same. */
  readonly failed: (error: unknown) => void
  /** Ends the process, for an invariant is broken: nobody knows what the next turn would do. */
  readonly fatal: (error: unknown) => void
}

/** Until it is disposed, which waits for the turn that runs. */
export function repeatedly({ clock, everyMs, act, failed, fatal }: Turns): AsyncDisposable {
  const closing = new AbortController()
  let running: Promise<void> = Promise.resolve()
  let timer = clock.after(everyMs, begin)
  function begin(): void {
    running = turn()
  }
  async function turn(): Promise<void> {
    try {
      await act(closing.signal)
    } catch (error) {
      if (error instanceof AssertionError) fatal(error)
      else if (!closing.signal.aborted) failed(error)
    }
    if (!closing.signal.aborted) timer = clock.after(everyMs, begin)
  }
  return {
    async [Symbol.asyncDispose]() {
      closing.abort()
      timer.cancel()
      await running
    },
  }
}
