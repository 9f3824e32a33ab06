/**
 * Reads shards out of segments. A whole shard is checked by its SHA-256, a range by the CRC-32 of each block that it touches; the
 * header that stands before the bytes must be the one that the index expects there, so that a lost, misdirected or swapped
 * write is found here. Only what is read *as it is* goes unchecked, for whoever asks for that checks more than these do.
 *
 * What is wrong with the bytes is answered as `undefined`; failures of the disk are thrown as they are.
 */
import { type DiskFile, systemCodeOf } from '../seams/disk.ts'
import type { PutFact } from './facts.ts'
import type { FileCache } from './file-cache.ts'
import type { ReadErrors } from './read-errors.ts'
import { readTwice } from './read-retry.ts'
import {
  BLOCK_BYTES,
  blockIsWhole,
  HEADER_BYTES,
  isShardAt,
  payloadOffsetOf,
  type RecordOwner,
  recordLengthOf,
  tableIsWhole,
} from './record.ts'
import { sha256Of } from './record-buffer.ts'
import type { ByteRange } from './shard-store.ts'

/** What is longer is no short read. */
const NOW_BYTES_MAX = 256 * 1024

export class ShardReader implements AsyncDisposable {
  readonly #owner: RecordOwner
  readonly files: FileCache
  readonly errors: ReadErrors

  constructor(files: FileCache, owner: RecordOwner, errors: ReadErrors) {
    this.files = files
    this.errors = errors
    this.#owner = owner
  }

  async whole(put: PutFact): Promise<Uint8Array | undefined> {
    const record = await this.wholeRecord(put)
    if (record === undefined) return undefined
    const payloadOffset = payloadOffsetOf(put.payloadLength)
    return record.subarray(payloadOffset, payloadOffset + put.payloadLength)
  }

  /** The record with its header, as compaction copies it. */
  async wholeRecord(put: PutFact): Promise<Buffer | undefined> {
    const payloadOffset = payloadOffsetOf(put.payloadLength)
    const payloadEnd = payloadOffset + put.payloadLength
    const record = Buffer.allocUnsafeSlow(recordLengthOf(put.payloadLength))
    // The zeros behind the payload are not read: a crash may have left a file without them.
    record.fill(0, payloadEnd)
    if (!(await this.#fill(put, [{ into: record.subarray(0, payloadEnd), position: put.offset }]))) return undefined
    const payload = record.subarray(payloadOffset, payloadEnd)
    return isShardAt(record, this.#owner, put) && sha256Of(payload) === put.sha256 ? record : undefined
  }

  async range(put: PutFact, range: ByteRange): Promise<Uint8Array | undefined> {
    const plan = new RangePlan(put, range)
    const memory = Buffer.allocUnsafeSlow(plan.headBytes + plan.blockBytes)
    return (await this.#fill(put, plan.readsInto(memory))) ? plan.bytesIn(memory, this.#owner) : undefined
  }

  /** The range unchecked, into `memory` where that is long enough; undefined where the segment ends before it. */
  async asIs(put: PutFact, { offset, length }: ByteRange, memory?: Uint8Array): Promise<Uint8Array | undefined> {
    const into = memory !== undefined && memory.length >= length ? memory.subarray(0, length) : fresh(length)
    const read = { into, position: put.offset + payloadOffsetOf(put.payloadLength) + offset }
    return (await this.#fill(put, [read])) ? into : undefined
  }

  /** As `asIs`, at once; undefined also where the range is long or not near. */
  asIsNow(put: PutFact, { offset, length }: ByteRange): Uint8Array | undefined {
    const position = put.offset + payloadOffsetOf(put.payloadLength) + offset
    const file = length > NOW_BYTES_MAX ? undefined : this.files.peek(put.segment, position, length)
    if (file === undefined) return undefined
    const into = fresh(length)
    return file.readNow(into, position) === length ? into : undefined
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.files[Symbol.asyncDispose]()
  }

  /** False where the segment ends too early, is gone, or cannot be read there by this disk. */
  async #fill(put: PutFact, reads: readonly Read[]): Promise<boolean> {
    try {
      return await this.files.lend(put.segment, async (file, near) => {
        for (const read of reads) {
          if (!(await fills(file, read))) return false
          if (read.into.length <= NOW_BYTES_MAX) near.add(read.position, read.into.length)
        }
        return true
      })
    } catch (error) {
      if (systemCodeOf(error) !== 'EIO') throw error
      this.errors.note(put.segment, put.offset)
      return false
    }
  }
}

interface Read {
  readonly into: Uint8Array
  readonly position: number
}

function fresh(lengthBytes: number): Uint8Array {
  return Buffer.allocUnsafeSlow(lengthBytes)
}

async function fills(file: DiskFile, { into, position }: Read): Promise<boolean> {
  return (await readTwice(file, into, position)) === into.length
}

/** Which bytes of a record a range needs: the head (header and block table), and the blocks that it touches. */
class RangePlan {
  readonly #put: PutFact
  readonly #range: ByteRange
  readonly #firstBlock: number
  readonly #blocks: number
  readonly headBytes: number
  readonly blockBytes: number

  constructor(put: PutFact, range: ByteRange) {
    this.#put = put
    this.#range = range
    this.#firstBlock = Math.floor(range.offset / BLOCK_BYTES)
    this.#blocks = Math.ceil((range.offset + range.length) / BLOCK_BYTES) - this.#firstBlock
    this.headBytes = payloadOffsetOf(put.payloadLength)
    const from = this.#firstBlock * BLOCK_BYTES
    this.blockBytes = Math.min(from + this.#blocks * BLOCK_BYTES, put.payloadLength) - from
  }

  /** One read where the range begins in the first block, which stands right behind the head; else two. */
  readsInto(memory: Buffer): Read[] {
    const { offset } = this.#put
    const total = this.headBytes + this.blockBytes
    if (this.#firstBlock === 0) return [{ into: memory.subarray(0, total), position: offset }]
    return [
      { into: memory.subarray(0, this.headBytes), position: offset },
      {
        into: memory.subarray(this.headBytes, total),
        position: offset + this.headBytes + this.#firstBlock * BLOCK_BYTES,
      },
    ]
  }

  /** The range in memory that the reads filled, or undefined where anything does not match. */
  bytesIn(memory: Buffer, owner: RecordOwner): Uint8Array | undefined {
    if (!isShardAt(memory, owner, this.#put) || !tableIsWhole(memory, this.#put.payloadLength)) return undefined
    const table = memory.subarray(HEADER_BYTES, this.headBytes)
    for (let block = 0; block < this.#blocks; block++) {
      const from = this.headBytes + block * BLOCK_BYTES
      const bytes = memory.subarray(from, Math.min(from + BLOCK_BYTES, this.headBytes + this.blockBytes))
      if (!blockIsWhole(table, this.#firstBlock + block, bytes)) return undefined
    }
    const start = this.headBytes + this.#range.offset - this.#firstBlock * BLOCK_BYTES
    return memory.subarray(start, start + this.#range.length)
  }
}
