import { randomBytes, randomFillSync } from 'node:crypto'

/** Randomness, handed in: from the system here, from the seed in the simulator. */
export interface Random {
  bytes(length: number): Uint8Array
  /** Evenly spread over [0, 1). */
  float(): number
}

const scratch = new Uint32Array(1)

export const systemRandom: Random = {
  bytes: (length) => randomBytes(length),
  float() {
    randomFillSync(scratch)
    return (scratch[0] ?? 0) / 2 ** 32
  },
}
