/**
 * Reads copies back before their original goes: a disk may have lost a write, or put it elsewhere, and called it durable all the same.
 * They are read past the page cache where the file system can, for the cache only tells what the disk was given.
 */
import type { Disk } from '../seams/disk.ts'
import { readTwice } from './read-retry.ts'
import type { Place } from './record.ts'
import { segmentPath } from './segment-name.ts'

const PIECE_BYTES = 256 * 1024

export interface Copy {
  /** The whole record, as it was written. */
  readonly record: Uint8Array
  readonly place: Place
}

export class ReadBack {
  readonly #disk: Disk
  /** WebAssembly's memory is page-aligned, which reads past the cache want. */
  readonly #memory = new Uint8Array(new WebAssembly.Memory({ initial: PIECE_BYTES / 65536 }).buffer)

  constructor(disk: Disk) {
    this.#disk = disk
  }

  /** Whether each of them stands where it was written; one call at a time. Failures of the disk are thrown as they are. */
  async areThere(copies: readonly Copy[]): Promise<boolean> {
    for (const [segment, inSegment] of Map.groupBy(copies, ({ place }) => place.segment)) {
      await using file = await this.#disk.open(segmentPath(segment), { mode: 'read', uncached: true })
      for (const { record, place } of inSegment) {
        for (let from = 0; from < record.length; from += PIECE_BYTES) {
          const piece = record.subarray(from, from + PIECE_BYTES)
          const found = this.#memory.subarray(0, piece.length)
          if ((await readTwice(file, found, place.offset + from)) !== piece.length) return false
          if (Buffer.compare(found, piece) !== 0) return false
        }
      }
    }
    return true
  }
}
