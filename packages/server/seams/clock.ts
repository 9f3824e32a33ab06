/** Time, handed in: the real one here, a simulated one in the simulator. */
import { HoldfastError } from '@holdfast/core/wire/errors.ts'

export interface Clock {
  /** Wall-clock milliseconds since 1970. For people and for ids; never for order. */
  now(): number
  /** Milliseconds that only grow; for measuring waits. */
  monotonicMs(): number
  /** Calls `act` once after `delayMs`; `cancel` makes that never. A pending timer does not keep the process alive. */
  after(delayMs: number, act: () => void): Timer
}

export interface Timer {
  cancel(): void
}

/** Resolves after `delayMs`; an abort rejects with the signal's reason and leaves nothing behind. */
export function sleep(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason)
    const onAbort = (): void => {
      timer.cancel()
      reject(signal?.reason)
    }
    const timer = clock.after(delayMs, () => {
      signal?.removeEventListener('abort', onAbort)
      resolve()
    })
    signal?.addEventListener('abort', onAbort, { once: true })
  })
}

/** What `answer` comes to, if it comes in time; what it stands for goes on all the same. @throws node_unavailable */
export async function within<Answer>(clock: Clock, delayMs: number, answer: Promise<Answer>): Promise<Answer> {
  const { promise: late, reject } = Promise.withResolvers<never>()
  const timer = clock.after(delayMs, () => {
    reject(new HoldfastError('node_unavailable', `no answer within ${delayMs / 1000} s`))
  })
  try {
    return await Promise.race([answer, late])
  } finally {
    timer.cancel()
  }
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonicMs: () => performance.now(),
  after(delayMs, act) {
    const timer = setTimeout(act, delayMs)
    timer.unref()
    return { cancel: () => clearTimeout(timer) }
  },
}
