import { randomFillSync } from 'node:crypto'

/** Randomness, handed in: from the system here, from the seed in the simulator. */
export interface Random {
  bytes(length: number): Uint8Array
  /** Evenly spread over [0, 1). */
  float(): number
}

/** Ids take few bytes, many times a second, and a call to the system costs as much as a thousand bytes of it. Keys are longer. */
const POOLED_BYTES_MAX = 16
const pool = new Uint8Array(4096)
let taken = pool.length

export const systemRandom: Random = {
  bytes: (length) => (length <= POOLED_BYTES_MAX ? pooled(length).slice() : randomFillSync(new Uint8Array(length))),
  float() {
    const [a = 0, b = 0, c = 0, d = 0] = pooled(4)
    return (((a << 24) | (b << 16) | (c << 8) | d) >>> 0) / 2 ** 32
  },
}

function pooled(length: number): Uint8Array {
  if (taken + length > pool.length) {
    randomFillSync(pool)
    taken = 0
  }
  taken += length
  return pool.subarray(taken - length, taken)
}
