/**
 * Bytes that do not compress and do not repeat: a pool of random ones, of which every block of 4 KiB is stamped with the seed
 * of its file and its own number, so that no two chunks of a run are alike and nothing is found as known. A file is a function of
 * its seed: whoever needs it again, in another process too, makes it again.
 *
 *     pool   | random 64 MiB, the same in every process |
 *     file   | seed, 0, random … | seed, 1, random … | …        blocks of 4 KiB
 */
import { createCipheriv } from 'node:crypto'
import { once } from 'node:events'
import { createWriteStream } from 'node:fs'

const BLOCK_BYTES = 4096
const POOL_BYTES = 64 * 1024 * 1024
/** A multiple of the block and a divisor of the pool. */
export const PIECE_BYTES = 256 * 1024

const cipher = createCipheriv('aes-128-ctr', Buffer.alloc(16, 'pool'), Buffer.alloc(16))
const pool = cipher.update(Buffer.alloc(POOL_BYTES))

/** Fills `target`, at most a piece, with the bytes of the file `seed` from `offset`, a multiple of the piece's length. */
export function fillPiece(target: Buffer, seed: number, offset: number): void {
  const from = offset % POOL_BYTES
  pool.copy(target, 0, from, from + target.length)
  for (let at = 0; at + 16 <= target.length; at += BLOCK_BYTES) {
    target.writeDoubleBE(seed, at)
    target.writeDoubleBE(offset + at, at + 8)
  }
}

/** Writes the file `seed` to the disk, as it would be sent. */
export async function writeContent(path: string, seed: number, bytes: number): Promise<void> {
  const out = createWriteStream(path)
  for (let offset = 0; offset < bytes; offset += PIECE_BYTES) {
    const piece = Buffer.allocUnsafe(Math.min(PIECE_BYTES, bytes - offset))
    fillPiece(piece, seed, offset)
    if (!out.write(piece)) await once(out, 'drain')
  }
  out.end()
  await once(out, 'close')
}
