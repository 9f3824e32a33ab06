/**
 * Bytes that are known by two numbers: a file's contents are the run of `length` bytes number `seed`, which can be made again at any
 * time, so that a test need not keep what it wrote. Nothing in them repeats or compresses, and no two seeds share a chunk.
 */
import { createCipheriv, createHash } from 'node:crypto'

const PIECE_BYTES = 1024 * 1024

export function contentOf(seed: number, length: number): Buffer {
  return keystream(seed).update(Buffer.alloc(length))
}

/** The same bytes in pieces, for what is too large to hold. */
export async function* contentPieces(seed: number, length: number): AsyncGenerator<Buffer> {
  const cipher = keystream(seed)
  for (let left = length; left > 0; left -= PIECE_BYTES) yield cipher.update(Buffer.alloc(Math.min(left, PIECE_BYTES)))
}

export function digestOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

function keystream(seed: number) {
  const key = createHash('sha256').update(`contents ${seed}`).digest()
  return createCipheriv('aes-256-ctr', key, Buffer.alloc(16))
}

export function whole(random: () => number, from: number, to: number): number {
  return from + Math.floor(random() * (to - from + 1))
}
