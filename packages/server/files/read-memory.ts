/**
 * Memory that a sealed chunk is read into. It is there from the first read on, for a chunk may wait long for its turn, and is freed when
 * nobody holds it any more, neither who opens the chunk nor a read that may still write to it: one that hangs keeps it as long as
 * it hangs.
 */
import type { LentMemory } from '../cluster/read-stripe.ts'
import { freeBytes } from '../seams/free-bytes.ts'

export class ReadMemory implements LentMemory {
  readonly #lengthBytes: number
  #bytes: Uint8Array | undefined
  #holders = 1

  /** Held once, by who makes it. */
  constructor(lengthBytes: number) {
    this.#lengthBytes = lengthBytes
  }

  get bytes(): Uint8Array {
    this.#bytes ??= Buffer.allocUnsafeSlow(this.#lengthBytes)
    return this.#bytes
  }

  hold(): void {
    this.#holders++
  }

  release(): void {
    this.#holders--
    if (this.#holders === 0 && this.#bytes !== undefined) freeBytes(this.#bytes)
  }
}
