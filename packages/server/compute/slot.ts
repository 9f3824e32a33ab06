/** A slot over a stretch of memory, whoever does the work on it. */
import { assert } from '@holdfast/core/wire/assert.ts'
import type { CutRequest, NamedChunk, SealedStripe, SealRequest, SlotSize, StripeSlot } from './compute.ts'
import type { SlotPlace } from './slots.ts'
import type { SealedRecords } from './stripe-work.ts'

export interface SlotWork {
  cut(request: CutRequest): Promise<NamedChunk[]>
  seal(request: SealRequest): Promise<SealedRecords>
  release(): void
}

export class MemorySlot implements StripeSlot {
  readonly plain: Uint8Array
  readonly memoryBytes: number
  readonly #memory: Uint8Array
  readonly #at: number
  readonly #work: SlotWork
  #released = false

  constructor(memory: Uint8Array, place: SlotPlace, size: SlotSize, work: SlotWork) {
    this.#memory = memory
    this.#at = place.at
    this.memoryBytes = place.end - place.at
    this.#work = work
    this.plain = memory.subarray(place.at, place.at + size.plainBytes)
  }

  cut(request: CutRequest): Promise<NamedChunk[]> {
    assert(!this.#released, 'a released slot does no work')
    return this.#work.cut(request)
  }

  async seal(request: SealRequest): Promise<SealedStripe> {
    assert(!this.#released, 'a released slot does no work')
    const { shardBytes, recordBytes, places, hashes } = await this.#work.seal(request)
    const records = hashes.map((_, i) => {
      const from = this.#at + i * recordBytes
      return { bytes: this.#memory.subarray(from, from + recordBytes), payloadLength: shardBytes }
    })
    return { shardBytes, places, hashes, records }
  }

  release(): void {
    assert(!this.#released, 'a slot is released once')
    this.#released = true
    this.#work.release()
  }
}
