/**
 * The byte budget: a fixed memory per lane, handed out as slots, first come first served. A lane is one worker's memory (or the
 * only one, inline). Whoever waits at the head of the queue is served before anyone behind it, so that a large stripe is
 * not starved by small ones.
 */
import { HoldfastError } from '@holdfast/core/wire/errors.ts'
import { recordLengthOf } from '../storage/record.ts'
import { Arena } from './arena.ts'
import type { SlotSize } from './compute.ts'

/** A lane of this length holds a stripe of every policy. */
export const LANE_BYTES_MIN = 24 * 1024 * 1024
/** Waiters beyond this are answered `overloaded`. */
const WAITERS_MAX = 4096

export interface SlotPlace {
  readonly lane: number
  readonly at: number
  readonly end: number
}

interface Waiter {
  readonly bytes: number
  readonly give: (place: SlotPlace) => void
}

export class Slots {
  readonly #lanes: Arena[]
  readonly #waiters: Waiter[] = []

  constructor(lanes: readonly { startBytes: number; endBytes: number }[]) {
    this.#lanes = lanes.map(({ startBytes, endBytes }) => new Arena(startBytes, endBytes))
  }

  get waiting(): number {
    return this.#waiters.length
  }

  tryTake(size: SlotSize): SlotPlace | undefined {
    if (this.#waiters.length > 0) return undefined
    return this.#allocate(bytesOf(size))
  }

  take(size: SlotSize, signal?: AbortSignal): Promise<SlotPlace> {
    const bytes = bytesOf(size)
    const largest = Math.max(...this.#lanes.map((lane) => lane.capacityBytes))
    if (bytes > largest) {
      throw new HoldfastError(
        'limit_exceeded',
        `a stripe of this policy needs ${bytes} bytes of buffer and a worker has ${largest}`,
      )
    }
    const place = this.tryTake(size)
    if (place !== undefined) return Promise.resolve(place)
    if (this.#waiters.length >= WAITERS_MAX)
      throw new HoldfastError('overloaded', 'too many uploads wait for memory; try again shortly')
    return new Promise((resolve, reject) => {
      const onAbort = (): void => {
        this.#waiters.splice(this.#waiters.indexOf(waiter), 1)
        reject(signal?.reason)
        this.#serve()
      }
      const give = (given: SlotPlace): void => {
        signal?.removeEventListener('abort', onAbort)
        resolve(given)
      }
      const waiter: Waiter = { bytes, give }
      signal?.throwIfAborted()
      signal?.addEventListener('abort', onAbort, { once: true })
      this.#waiters.push(waiter)
    })
  }

  give(place: SlotPlace): void {
    this.#lanes[place.lane]?.free(place.at, place.end - place.at)
    this.#serve()
  }

  #serve(): void {
    for (;;) {
      const first = this.#waiters[0]
      if (first === undefined) return
      const place = this.#allocate(first.bytes)
      if (place === undefined) return
      this.#waiters.shift()
      first.give(place)
    }
  }

  /** From the lane with most room, so that work spreads over the workers. */
  #allocate(bytes: number): SlotPlace | undefined {
    const byRoom = this.#lanes
      .map((lane, index) => ({ lane, index }))
      .sort((a, b) => b.lane.freeBytes - a.lane.freeBytes)
    for (const { lane, index } of byRoom) {
      const at = lane.allocate(bytes)
      if (at !== undefined) return { lane: index, at, end: at + bytes }
    }
    return undefined
  }
}

function bytesOf({ plainBytes, shape, shardBytesMax }: SlotSize): number {
  return Math.max(plainBytes, (shape.dataShards + shape.parityShards) * recordLengthOf(shardBytesMax))
}
