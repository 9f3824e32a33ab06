/**
 * A gear table gives each byte value a word of 32 bits that looks random; the gear hash adds them up. Where two parties
 * cut with the same table, they cut alike; who does not know the table cannot tell a file by the lengths of its chunks.
 * Hence every bucket may have its own, derived from a seed of 32 bytes:
 *
 *     stream = ChaCha20 key stream of the seed (nonce and counter zero), read as little-endian numbers of 16 bits
 *     low half of word b  = stream[b mod 16] xor stream[16 + floor(b / 16)]
 *     high half of word b = stream[32 + b]
 *
 * The low half is made of two nibble tables because the kernel's filter looks it up with swizzles. Each of its nibbles is
 * still random, and the high half, which has the last word on every cut, is a plain table.
 *
 * Stored chunk lists depend on this page: another derivation would cut known content anew.
 */
import { GEAR_IMAGE_BYTES } from '../kernel/kernel.ts'
import { keystream } from './keystream.ts'

export interface GearTable {
  /** The word of each byte value. */
  readonly words: Uint32Array
  /** The same, with the nibble tables, as the kernel reads it. */
  readonly image: Uint8Array
}

const WORDS = 256
const NIBBLES = 16

export function deriveGearTable(seed: Uint8Array): GearTable {
  const stream = keystream(seed, (2 * NIBBLES + WORDS) * 2)
  const streamView = new DataView(stream.buffer)
  const half = (index: number): number => streamView.getUint16(index * 2, true)
  const words = Uint32Array.from({ length: WORDS }, (_, byte) => {
    const low = half(byte % NIBBLES) ^ half(NIBBLES + Math.floor(byte / NIBBLES))
    return half(2 * NIBBLES + byte) * 0x10000 + low
  })

  const image = new Uint8Array(GEAR_IMAGE_BYTES)
  const imageView = new DataView(image.buffer)
  words.forEach((word, byte) => {
    imageView.setUint32(byte * 4, word, true)
  })
  for (let nibble = 0; nibble < NIBBLES; nibble++) {
    const tables = WORDS * 4 + nibble
    image[tables] = half(nibble) & 0xff
    image[tables + NIBBLES] = half(nibble) >> 8
    image[tables + 2 * NIBBLES] = half(NIBBLES + nibble) & 0xff
    image[tables + 3 * NIBBLES] = half(NIBBLES + nibble) >> 8
  }
  return { words, image }
}

/** The table of buckets that have no seed of their own; its seed is no secret. */
export const defaultGearTable = deriveGearTable(new TextEncoder().encode('holdfast gear table, version one'))
