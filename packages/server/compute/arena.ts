/**
 * Hands out stretches of one fixed memory, the lowest that fits first. Stretches begin at multiples of 64 KiB, so that
 * records in them can be written past the page cache.
 */
import { assert } from '@holdfast/core/wire/assert.ts'

const GRAIN_BYTES = 64 * 1024

interface Stretch {
  readonly offset: number
  readonly length: number
}

export class Arena {
  /** Free stretches in order of offset; no two of them touch. */
  #free: Stretch[]
  readonly #start: number
  readonly #end: number

  constructor(startBytes: number, endBytes: number) {
    this.#start = roundUp(startBytes)
    this.#end = endBytes - (endBytes % GRAIN_BYTES)
    this.#free = [{ offset: this.#start, length: this.#end - this.#start }]
  }

  get capacityBytes(): number {
    return this.#end - this.#start
  }

  get freeBytes(): number {
    return this.#free.reduce((sum, stretch) => sum + stretch.length, 0)
  }

  /** The offset of `length` bytes, or undefined where no stretch is that long. */
  allocate(length: number): number | undefined {
    const needed = roundUp(length)
    const at = this.#free.findIndex((stretch) => stretch.length >= needed)
    const stretch = this.#free[at]
    if (stretch === undefined) return undefined
    if (stretch.length === needed) this.#free.splice(at, 1)
    else this.#free[at] = { offset: stretch.offset + needed, length: stretch.length - needed }
    return stretch.offset
  }

  free(offset: number, length: number): void {
    const end = offset + roundUp(length)
    assert(offset >= this.#start && end <= this.#end, 'a stretch goes back to the arena it came from')
    const next = this.#free.findIndex((stretch) => stretch.offset >= end)
    const at = next === -1 ? this.#free.length : next
    let merged: Stretch = { offset, length: end - offset }
    let from = at
    let count = 0
    const before = this.#free[at - 1]
    assert(before === undefined || before.offset + before.length <= offset, 'a stretch is freed once')
    if (before !== undefined && before.offset + before.length === offset) {
      merged = { offset: before.offset, length: before.length + merged.length }
      from = at - 1
      count = 1
    }
    const after = this.#free[at]
    if (after !== undefined && after.offset === end) {
      merged = { offset: merged.offset, length: merged.length + after.length }
      count++
    }
    this.#free.splice(from, count, merged)
  }
}

function roundUp(length: number): number {
  return Math.ceil(length / GRAIN_BYTES) * GRAIN_BYTES
}
