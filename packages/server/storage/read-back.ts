/**
 * Reads copies back before their original goes: a disk may have lost a write, or put it elsewhere, and called it durable all the same.
 * They are read past the page cache where the file system can, for the cache only tells what the disk was given.
 */
import type { Disk, DiskFile } from '../seams/disk.ts'
import { readTwice } from './read-retry.ts'
import type { Place } from './record.ts'
import { segmentPath } from './segment-name.ts'

const PIECE_BYTES = 256 * 1024

export interface Copy {
  /** The whole record, as it was written. */
  readonly record: Uint8Array
  readonly place: Place
}

/**
 * Memory that nobody reads into now. WebAssembly's is page-aligned, which reads past the cache want, and dear to make; a disk that hangs
 * keeps its own, so that there is at most one for each disk.
 */
const idle: Uint8Array[] = []

/** Whether each of them stands where it was written. Failures of the disk are thrown as they are. */
export async function areThere(disk: Disk, copies: readonly Copy[]): Promise<boolean> {
  const memory = idle.pop() ?? new Uint8Array(new WebAssembly.Memory({ initial: PIECE_BYTES / 65536 }).buffer)
  try {
    for (const [segment, inSegment] of Map.groupBy(copies, ({ place }) => place.segment)) {
      await using file = await disk.open(segmentPath(segment), { mode: 'read', uncached: true })
      for (const copy of inSegment) if (!(await isThere(file, copy, memory))) return false
    }
    return true
  } finally {
    idle.push(memory)
  }
}

async function isThere(file: DiskFile, { record, place }: Copy, memory: Uint8Array): Promise<boolean> {
  for (let from = 0; from < record.length; from += PIECE_BYTES) {
    const piece = record.subarray(from, from + PIECE_BYTES)
    const found = memory.subarray(0, piece.length)
    if ((await readTwice(file, found, place.offset + from)) !== piece.length) return false
    if (Buffer.compare(found, piece) !== 0) return false
  }
  return true
}
