/** Time, handed in: the real one here, a simulated one in the simulator. */
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

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonicMs: () => performance.now(),
  after(delayMs, act) {
    const timer = setTimeout(act, delayMs)
    timer.unref()
    return { cancel: () => clearTimeout(timer) }
  },
}
