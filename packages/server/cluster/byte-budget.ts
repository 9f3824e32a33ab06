/** A number of bytes that may be held at once; whoever asks for more than is left waits its turn. */
import { assert } from '@holdfast/core/wire/assert.ts'
import { HoldfastError } from '@holdfast/core/wire/errors.ts'

interface Waiter {
  readonly bytes: number
  readonly give: () => void
}

export class ByteBudget {
  readonly #capacityBytes: number
  readonly #waitersMax: number
  readonly #waiters: Waiter[] = []
  #heldBytes = 0

  constructor(capacityBytes: number, waitersMax: number) {
    this.#capacityBytes = capacityBytes
    this.#waitersMax = waitersMax
  }

  get heldBytes(): number {
    return this.#heldBytes
  }

  get waiting(): number {
    return this.#waiters.length
  }

  /** At once if there is room and nobody waits. */
  tryTake(bytes: number): boolean {
    assert(bytes <= this.#capacityBytes, 'one holder fits the budget')
    if (this.#waiters.length > 0 || this.#heldBytes + bytes > this.#capacityBytes) return false
    this.#heldBytes += bytes
    return true
  }

  /** First come, first served. An abort gives the place in the queue up. @throws overloaded */
  async take(bytes: number, signal: AbortSignal): Promise<void> {
    if (this.tryTake(bytes)) return
    signal.throwIfAborted()
    if (this.#waiters.length >= this.#waitersMax)
      throw new HoldfastError('overloaded', 'too many requests wait for memory; try again shortly')
    await new Promise<void>((resolve, reject) => {
      const onAbort = (): void => {
        this.#waiters.splice(this.#waiters.indexOf(waiter), 1)
        reject(signal.reason)
        this.#serve()
      }
      const give = (): void => {
        signal.removeEventListener('abort', onAbort)
        resolve()
      }
      const waiter: Waiter = { bytes, give }
      this.#waiters.push(waiter)
      signal.addEventListener('abort', onAbort, { once: true })
    })
  }

  give(bytes: number): void {
    this.#heldBytes -= bytes
    assert(this.#heldBytes >= 0, 'what is given back was taken')
    this.#serve()
  }

  #serve(): void {
    for (let first = this.#waiters[0]; first !== undefined; first = this.#waiters[0]) {
      if (this.#heldBytes + first.bytes > this.#capacityBytes) return
      this.#waiters.shift()
      this.#heldBytes += first.bytes
      first.give()
    }
  }
}
