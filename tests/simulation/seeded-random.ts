/**
 * Randomness from a seed. Every component draws from a fork of its own, named after it, so that one more draw here does not
 * change what happens there. A fork depends on the seed and the names alone, not on what was drawn before.
 */
import { hash } from 'node:crypto'
import { assert } from '@holdfast/core/wire/assert.ts'
import type { Random } from '@holdfast/server/seams/random.ts'

export class SeededRandom implements Random {
  readonly #name: string
  #a: number
  #b: number
  #c: number
  #counter = 1

  constructor(name: string) {
    this.#name = name
    const state = hash('sha256', name, 'buffer')
    this.#a = state.readInt32LE(0)
    this.#b = state.readInt32LE(4)
    this.#c = state.readInt32LE(8)
    for (let each = 0; each < 12; each++) this.#word()
  }

  fork(name: string): SeededRandom {
    return new SeededRandom(`${this.#name}/${name}`)
  }

  float(): number {
    return this.#word() / 2 ** 32
  }

  bytes(length: number): Uint8Array {
    const words = new Uint32Array(Math.ceil(length / 4))
    for (let at = 0; at < words.length; at++) words[at] = this.#word()
    return new Uint8Array(words.buffer, 0, length)
  }

  chance(probability: number): boolean {
    return this.float() < probability
  }

  /** From `low` to `high`, both possible. */
  whole(low: number, high: number): number {
    return low + Math.floor(this.float() * (high - low + 1))
  }

  between(low: number, high: number): number {
    return low + this.float() * (high - low)
  }

  pick<Item>(items: readonly Item[]): Item {
    const item = items[Math.floor(this.float() * items.length)]
    assert(item !== undefined, 'there is something to pick')
    return item
  }

  shuffled<Item>(items: readonly Item[]): Item[] {
    return items
      .map((item) => ({ item, at: this.float() }))
      .sort((one, other) => one.at - other.at)
      .map(({ item }) => item)
  }

  /** Small fast counting generator: 96 bits of state and a counter that rules out short cycles. */
  #word(): number {
    const sum = (this.#a + this.#b + this.#counter) | 0
    this.#counter = (this.#counter + 1) | 0
    this.#a = this.#b ^ (this.#b >>> 9)
    this.#b = (this.#c + (this.#c << 3)) | 0
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) | 0
    return sum >>> 0
  }
}
