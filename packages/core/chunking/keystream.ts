/**
 * The key stream of ChaCha20 (RFC 8439): what turns a seed of 32 bytes into as many bytes as wanted that tell nothing of
 * the seed. Written out here since a gear table is needed at once, in browsers too, where all cryptography is
 * asynchronous. It derives tables and never encrypts.
 */
import { assert } from '../wire/assert.ts'

const BLOCK_BYTES = 64
/** 'expand 32-byte k', the constant of the RFC. */
const constant = [0x61707865, 0x3320646e, 0x79622d32, 0x6b206574] as const

/** The first bytes of the stream, with a nonce of zeros and the counter at zero. */
export function keystream(seed: Uint8Array, lengthBytes: number): Uint8Array {
  assert(seed.length === 32, 'a seed has 32 bytes')
  const seedView = new DataView(seed.buffer, seed.byteOffset, seed.length)
  const key = Array.from({ length: 8 }, (_, index) => seedView.getUint32(index * 4, true))
  const blocks = Math.ceil(lengthBytes / BLOCK_BYTES)
  const stream = new Uint8Array(blocks * BLOCK_BYTES)
  const view = new DataView(stream.buffer)
  for (let counter = 0; counter < blocks; counter++) {
    const start = Uint32Array.of(...constant, ...key, counter, 0, 0, 0)
    const state = start.slice()
    for (let round = 0; round < 20; round += 2) doubleRound(state)
    start.forEach((word, index) => {
      view.setUint32(counter * BLOCK_BYTES + index * 4, word + at(state, index), true)
    })
  }
  return stream.subarray(0, lengthBytes)
}

function doubleRound(state: Uint32Array): void {
  for (let column = 0; column < 4; column++) quarterRound(state, column, 4 + column, 8 + column, 12 + column)
  for (let diagonal = 0; diagonal < 4; diagonal++) {
    quarterRound(state, diagonal, 4 + ((diagonal + 1) % 4), 8 + ((diagonal + 2) % 4), 12 + ((diagonal + 3) % 4))
  }
}

function quarterRound(state: Uint32Array, a: number, b: number, c: number, d: number): void {
  addAndTurn(state, a, b, d, 16)
  addAndTurn(state, c, d, b, 12)
  addAndTurn(state, a, b, d, 8)
  addAndTurn(state, c, d, b, 7)
}

/** sum += addend; turned = (turned xor sum), rotated to the left. */
function addAndTurn(state: Uint32Array, sum: number, addend: number, turned: number, bits: number): void {
  state[sum] = at(state, sum) + at(state, addend)
  const mixed = at(state, turned) ^ at(state, sum)
  state[turned] = (mixed << bits) | (mixed >>> (32 - bits))
}

function at(words: Uint32Array, index: number): number {
  const word = words[index]
  assert(word !== undefined, 'a word lies within its array')
  return word
}
