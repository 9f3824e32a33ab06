/**
 * The segment that is being written: one file, one write at a time, each on disk when it returns. Because the writes stand
 * behind each other and none begins before the last one is durable, a record's receipt also vouches for every byte
 * before it.
 *
 * A small group is followed, in the same write, by a run of zeros: the next groups then overwrite blocks that the file
 * system knows already, and their sync need not wait for its journal. Large groups gain nothing from that and leave it out.
 */
import { type Disk, type DiskFile, systemCodeOf } from '../seams/disk.ts'
import { ClosingEntries, closingRecordLength } from './closing-index.ts'
import type { Place, RecordOwner } from './record.ts'
import { SEGMENTS_DIRECTORY, segmentPath } from './segment-name.ts'
import { walkSegment } from './walk-segment.ts'

export const SEGMENT_BYTES_MAX = 256 * 1024 * 1024

export interface SegmentRules {
  readonly owner: RecordOwner
  /** How long a segment grows: 256 MiB, or less where a simulation wants many of them. */
  readonly bytesMax: number
}

/** Zeros written ahead in one go, and the largest group that is worth it. Measured: +55 % at 8 KiB, nothing at 128 KiB. */
const WRITE_AHEAD_BYTES = 512 * 1024
const SMALL_GROUP_BYTES_MAX = 128 * 1024

/** WebAssembly's memory is page-aligned, which O_DIRECT wants; one run of zeros serves every disk of the process. */
const zeros = new Uint8Array(new WebAssembly.Memory({ initial: WRITE_AHEAD_BYTES / 65536 }).buffer)

export class OpenSegment {
  readonly number: number
  readonly #file: DiskFile
  readonly #owner: RecordOwner
  readonly #bytesMax: number
  #endBytes: number
  #fileBytes: number
  /** Undefined where the segment was begun by an earlier start: then closing walks the file. */
  #entries: ClosingEntries | undefined
  /** Counts the records of this start where `#entries` cannot, so that room is kept for the index record. */
  #recordsMax: number

  private constructor(
    file: DiskFile,
    { owner, bytesMax }: SegmentRules,
    number: number,
    endBytes: number,
    fileBytes: number,
  ) {
    this.#file = file
    this.#owner = owner
    this.#bytesMax = bytesMax
    this.number = number
    this.#endBytes = endBytes
    this.#fileBytes = fileBytes
    this.#recordsMax = Math.ceil(endBytes / 4096)
    if (endBytes === 0) this.#entries = new ClosingEntries()
  }

  /** A new segment, whose name is on disk; the caller writes its identity record first. */
  static async create(disk: Disk, rules: SegmentRules, number: number): Promise<OpenSegment> {
    const file = await disk.open(segmentPath(number), { mode: 'create', durable: true })
    try {
      await disk.syncDirectory(SEGMENTS_DIRECTORY)
    } catch (error) {
      await file.close()
      throw error
    }
    return new OpenSegment(file, rules, number, 0, 0)
  }

  /** Goes on with a segment that no index record closed. What is written next stands at `endBytes`. */
  static async resume(disk: Disk, rules: SegmentRules, number: number, endBytes: number): Promise<OpenSegment> {
    const file = await disk.open(segmentPath(number), { mode: 'write', durable: true })
    return new OpenSegment(file, rules, number, endBytes, Math.max(endBytes, await file.size()))
  }

  get endBytes(): number {
    return this.#endBytes
  }

  get roomBytes(): number {
    return this.#bytesMax - this.#endBytes
  }

  /** Whether another record of this length fits before the index record that closes the segment. */
  fits(groupBytes: number, groupRecords: number): boolean {
    const records = (this.#entries?.count ?? this.#recordsMax) + groupRecords
    return this.#endBytes + groupBytes + closingRecordLength(records) <= this.#bytesMax
  }

  /**
   * Makes whole records durable, one behind the other from the end on. Where it fails, the end stays, and what a failed
   * write left behind it is cut off or written over.
   */
  async append(records: readonly Uint8Array[]): Promise<void> {
    const from = this.#endBytes
    const lengthBytes = records.reduce((sum, record) => sum + record.length, 0)
    const endBytes = from + lengthBytes
    const ahead =
      endBytes > this.#fileBytes && lengthBytes < SMALL_GROUP_BYTES_MAX && endBytes + zeros.length <= this.#bytesMax
    if (!ahead || !(await this.#writeAhead(records))) await this.#file.write(records, from)
    this.#endBytes = endBytes
    this.#fileBytes = Math.max(this.#fileBytes, endBytes)
    this.#recordsMax += records.length
    let offset = from
    for (const record of records) {
      this.#entries?.add(record, offset)
      offset += record.length
    }
  }

  /** Writes the records and zeros behind them; false where there is no room for the zeros, and maybe for the records. */
  async #writeAhead(records: readonly Uint8Array[]): Promise<boolean> {
    const pieces = [...records, zeros]
    try {
      await this.#file.write(pieces, this.#endBytes)
    } catch (error) {
      if (systemCodeOf(error) !== 'ENOSPC') throw error
      await this.cutTail()
      return false
    }
    this.#fileBytes = this.#endBytes + pieces.reduce((sum, piece) => sum + piece.length, 0)
    return true
  }

  /** Gives back what a write took that failed for want of space, so that none of its records is found later. */
  async cutTail(): Promise<void> {
    await this.#file.truncate(this.#endBytes)
    this.#fileBytes = this.#endBytes
  }

  /** Writes the index record, and nothing any more. Answers the end of the file. */
  async close(disk: Disk, by: { lineage: string; writtenAtMs: number }): Promise<number> {
    const entries = this.#entries ?? (await collectEntries(disk, this.#owner, this.number))
    await this.cutTail()
    const place: Place = { segment: this.number, offset: this.#endBytes }
    const record = entries.toRecord(this.#owner, place, by)
    // Nothing is written ahead: the footer is found at the end of the file.
    await this.#file.write([record], place.offset)
    await this.#file.close()
    return place.offset + record.length
  }

  /** Leaves the segment open for the next start. */
  async leave(): Promise<void> {
    await this.cutTail()
    await this.#file.close()
  }

  /** Lets go of the file without touching it: the disk has failed or is away, and closing may fail too. */
  async abandon(): Promise<void> {
    await this.#file.close().catch(() => undefined)
  }
}

async function collectEntries(disk: Disk, owner: RecordOwner, segment: number): Promise<ClosingEntries> {
  const entries = new ClosingEntries()
  await using file = await disk.open(segmentPath(segment), { mode: 'read' })
  await walkSegment(file, owner, { segment, offset: 0 }, ({ headerBytes, offset }) => entries.add(headerBytes, offset))
  return entries
}
