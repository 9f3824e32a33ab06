/**
 * What files hold: random bytes that do not compress, text that does, and mixtures of what was there before, so that chunks
 * repeat within and between files. Most are small, some fill several stripes.
 */
import { hash } from 'node:crypto'
import type { SeededRandom } from './seeded-random.ts'

const KiB = 1024
const KEPT_MAX = 24
const LETTERS = Buffer.from('etaoin shrdlu\n')

export interface Content {
  readonly bytes: Uint8Array
  readonly sha256: string
}

export class Contents {
  readonly #random: SeededRandom
  readonly #kept: Content[] = []
  readonly #largeMax: number
  #large = 0

  /** `largeMax`: how many contents of several stripes there may be, for they take most of a run's time. */
  constructor(random: SeededRandom, largeMax: number) {
    this.#random = random
    this.#largeMax = largeMax
  }

  /** One that may have been there before. */
  next(): Content {
    const luck = this.#random.float()
    if (luck < 0.2 && this.#kept.length > 0) return this.#random.pick(this.#kept)
    return luck < 0.4 && this.#kept.length > 1 ? this.#mixed() : this.fresh()
  }

  /** One that never was. */
  fresh(): Content {
    return this.#keep(this.#newBytes(this.#length()))
  }

  #length(): number {
    const luck = this.#random.float()
    if (luck < 0.02) return this.#random.whole(0, 1)
    if (luck < 0.62) return this.#random.whole(1, 24 * KiB)
    if (luck < 0.92) return this.#random.whole(24 * KiB, 400 * KiB)
    if (luck < 0.96 || this.#large >= this.#largeMax) return this.#random.whole(400 * KiB, 1100 * KiB)
    this.#large++
    return this.#random.whole(2100 * KiB, 8000 * KiB)
  }

  #newBytes(length: number): Uint8Array {
    const bytes = this.#random.bytes(length)
    if (this.#random.chance(0.7)) return bytes
    return bytes.map((byte) => LETTERS[byte % LETTERS.length] ?? 0)
  }

  /** A piece of one, something new, and a piece of another. */
  #mixed(): Content {
    const pieces = [this.#pieceOf(this.#random.pick(this.#kept)), this.#newBytes(this.#random.whole(0, 8 * KiB))]
    return this.#keep(Buffer.concat([...pieces, this.#pieceOf(this.#random.pick(this.#kept))]))
  }

  #pieceOf({ bytes }: Content): Uint8Array {
    const from = this.#random.chance(0.5) ? 0 : this.#random.whole(0, bytes.length)
    return bytes.subarray(from, from + 300 * KiB)
  }

  #keep(bytes: Uint8Array): Content {
    const content = { bytes, sha256: hash('sha256', bytes, 'hex') }
    if (this.#kept.length < KEPT_MAX) this.#kept.push(content)
    else this.#kept[this.#random.whole(0, KEPT_MAX - 1)] = content
    return content
  }
}
