/**
 * Compaction gives back the space of shards that were purged: what is still wanted of a segment that is mostly dead is copied
 * to the open segment, and the file is removed. It is safe at every step, because
 *   - a copy is on disk, in the table, and was read back, before the original goes; a crash in between leaves two, which harms nobody;
 *   - a tombstone goes along while a record that it hides is anywhere on the disk, and the removal of a segment is synced
 *     before the next one is looked at: so nothing that was ended ever comes back;
 *   - a segment whose wanted bytes do not all come out whole, or not again from where they were copied to, is left as it is, for the
 *     repairer.
 */
import { type Clock, sleep } from '../seams/clock.ts'
import { type Disk, type DiskFile, systemCodeOf } from '../seams/disk.ts'
import { type ClosingEntry, readClosingEntries } from './closing-index.ts'
import { type Fact, hides, isEnded, isSameFact, type PutFact, stateOf } from './facts.ts'
import type { Mounted } from './mounted-disk.ts'
import { areThere, type Copy } from './read-back.ts'
import { readTwice } from './read-retry.ts'
import {
  HEADER_BYTES,
  KIND_JOURNAL,
  KIND_SHARD,
  KIND_SNAPSHOT,
  KIND_TOMBSTONE,
  moveHeader,
  type Place,
  parseHeader,
  recordLengthOf,
  writeHeader,
} from './record.ts'
import { recordBufferOf } from './record-buffer.ts'
import { SEGMENTS_DIRECTORY, segmentPath } from './segment-name.ts'
import { keyOf } from './shard-key.ts'
import { readTombstone } from './take-in-segment.ts'
import { encodeTombstone } from './tombstone.ts'
import { payloadIsWhole, walkSegment } from './walk-segment.ts'

/** A segment is compacted when less than this part of it is wanted. */
const COMPACT_BELOW_LIVE = 0.5
/** Copies under way at once: enough to share syncs, few enough not to crowd out puts. Their records are kept until they were read back. */
const COPIES_AT_ONCE = 32
const COPIED_BYTES_AT_ONCE = 8 * 1024 * 1024

export interface CompactOptions {
  readonly bytesPerSecond: number
  /** Ends the work after the copy at hand; the segment stays. */
  readonly signal?: AbortSignal
}

export interface Compacted {
  readonly removedSegments: number
  readonly copiedBytes: number
  readonly freedBytes: number
  /** Segments that hold damaged bytes which are still wanted, or whose copies were not there when they were read back. */
  readonly leftSegments: number
}

export async function compactDisk(
  mounted: Mounted,
  seams: { disk: Disk; clock: Clock },
  options: CompactOptions,
): Promise<Compacted> {
  const sum = { removedSegments: 0, copiedBytes: 0, freedBytes: 0, leftSegments: 0 }
  const current = await mounted.appender.currentSegment()
  for (const { segment, endBytes, closed, liveBytes } of mounted.table.segments()) {
    if (!closed || segment >= current || liveBytes >= endBytes * COMPACT_BELOW_LIVE) continue
    options.signal?.throwIfAborted()
    const compaction = new SegmentCompaction(mounted, seams, options, segment)
    if (await compaction.run()) {
      sum.removedSegments++
      sum.freedBytes += endBytes - compaction.copiedBytes
    } else sum.leftSegments++
    sum.copiedBytes += compaction.copiedBytes
  }
  return sum
}

/** A copy that the disk called durable did not stand there. */
class CopyLost extends Error {}

class SegmentCompaction {
  readonly #mounted: Mounted
  readonly #disk: Disk
  readonly #clock: Clock
  readonly #options: CompactOptions
  readonly #segment: number
  readonly #beganMs: number
  #copies: Promise<Copy>[] = []
  #copyingBytes = 0
  copiedBytes = 0

  constructor(
    mounted: Mounted,
    { disk, clock }: { disk: Disk; clock: Clock },
    options: CompactOptions,
    segment: number,
  ) {
    this.#mounted = mounted
    this.#disk = disk
    this.#clock = clock
    this.#options = options
    this.#segment = segment
    this.#beganMs = clock.monotonicMs()
  }

  /** False where the segment was left as it is. */
  async run(): Promise<boolean> {
    const { table, reader } = this.#mounted
    const dropped = await this.#copyAll()
    if (dropped === undefined) return false
    table.dropSegment(this.#segment, dropped)
    await reader.files.drop(this.#segment)
    await this.#disk.remove(segmentPath(this.#segment))
    await this.#disk.syncDirectory(SEGMENTS_DIRECTORY)
    return true
  }

  /** The facts of all records, once what is wanted of them stands elsewhere; undefined where something wanted cannot be read. */
  async #copyAll(): Promise<Fact[] | undefined> {
    const dropped: Fact[] = []
    try {
      await using file = await this.#disk.open(segmentPath(this.#segment), { mode: 'read' })
      const entries = await this.#entries(file)
      if (this.#wantedBytes(entries) !== this.#mounted.table.segment(this.#segment)?.liveBytes) return undefined
      for (const entry of entries) if (!(await this.#copyWanted(file, entry, dropped))) return undefined
      await this.#copiesDone()
      // Only now is it known which hidden records are left, because their copies stand elsewhere.
      for (const entry of entries) if (!(await this.#carryTombstone(file, entry, dropped))) return undefined
      await this.#copiesDone()
      return dropped
    } catch (error) {
      // Writes fail with errors of their own; what the system says here, it says of reading.
      if (!(error instanceof CopyLost) && systemCodeOf(error) === undefined) throw error
      return undefined
    } finally {
      await Promise.all(this.#copies)
    }
  }

  async #entries(file: DiskFile): Promise<ClosingEntry[]> {
    const { identity } = this.#mounted
    const closing = await readClosingEntries(file, identity, this.#segment)
    if (closing !== undefined) return closing
    const walked: ClosingEntry[] = []
    await walkSegment(file, identity, { segment: this.#segment, offset: 0 }, ({ header, offset }) => {
      walked.push({ ...header, offset })
    })
    return walked
  }

  #wantedBytes(entries: readonly ClosingEntry[]): number {
    let wanted = 0
    for (const entry of entries) {
      if (entry.kind === KIND_SHARD) {
        const put = this.#putOf(entry)
        const facts = this.#mounted.table.facts(put.key)
        const known = facts.some((fact) => isSameFact(fact, put))
        if (known && !isEnded(put, facts)) wanted += recordLengthOf(entry.payloadLength)
      } else if (standsForItself(entry)) wanted += recordLengthOf(entry.payloadLength)
    }
    return wanted
  }

  /** Copies a record that is wanted; false where its bytes are damaged. */
  async #copyWanted(file: DiskFile, entry: ClosingEntry, dropped: Fact[]): Promise<boolean> {
    if (standsForItself(entry)) return await this.#copyPlain(file, entry)
    if (entry.kind !== KIND_SHARD) return true
    const { table, reader } = this.#mounted
    const put = this.#putOf(entry)
    dropped.push(put)
    const facts = table.facts(put.key)
    if (isEnded(put, facts) || (await this.#hasNewer(put, facts))) return true
    const record = await reader.wholeRecord(put)
    if (record === undefined) return false
    await this.#copy(
      record,
      (place) => moveHeader(record, place),
      (place) => table.add({ ...put, ...place }),
    )
    return true
  }

  /** Whether a newer record of the same bytes is there and was just read whole. */
  async #hasNewer(put: PutFact, facts: readonly Fact[]): Promise<boolean> {
    const newest = stateOf(facts).puts[0]
    if (newest === undefined || newest.sha256 !== put.sha256 || newest.segment === this.#segment) return false
    return (await this.#mounted.reader.whole(newest)) !== undefined
  }

  async #copyPlain(file: DiskFile, entry: ClosingEntry): Promise<boolean> {
    const { table } = this.#mounted
    if (!(await payloadIsWhole(file, entry.offset, entry.payloadLength))) return false
    const record = Buffer.alloc(recordLengthOf(entry.payloadLength))
    await readTwice(file, record, entry.offset)
    await this.#copy(
      record,
      (place) => moveHeader(record, place),
      (place) => table.addLive(place.segment, record.length),
    )
    return true
  }

  async #carryTombstone(file: DiskFile, entry: ClosingEntry, dropped: Fact[]): Promise<boolean> {
    if (entry.kind !== KIND_TOMBSTONE) return true
    const { identity, table } = this.#mounted
    const { offset, lineage } = entry
    const head = Buffer.alloc(HEADER_BYTES)
    await readTwice(file, head, offset)
    const parsed = parseHeader(head, identity, { segment: this.#segment, offset })
    const deeds = await readTombstone(file, entry)
    if (!parsed.ok || deeds === undefined) return false
    const place = { segment: this.#segment, offset, lineage }
    const kept = deeds.filter(({ key, deed, sequence }) => {
      if (key === undefined) return true
      const fact: Fact = { what: deed, key, sequence, ...place }
      dropped.push(fact)
      return table.facts(key).some((put) => put.what === 'put' && put.segment !== this.#segment && hides(fact, put))
    })
    if (kept.length === 0) return true
    const payload = encodeTombstone(kept)
    const { bytes, payloadLength, sha256 } = recordBufferOf(payload)
    const header = { ...parsed.header, payloadLength, sha256 }
    await this.#copy(
      bytes,
      (to) => writeHeader(bytes, header, identity, to),
      (to) => {
        for (const { key, deed, sequence } of kept)
          if (key !== undefined) table.add({ what: deed, key, sequence, lineage, ...to })
      },
    )
    return true
  }

  /** Hands a record to the appender, not faster than the caller allows. */
  async #copy(record: Uint8Array, stamp: (place: Place) => void, landed: (place: Place) => void): Promise<void> {
    const copy = this.#append(record, stamp, landed)
    // Its failure is told by `#copiesDone`, and may come before anyone waits for it.
    copy.catch(() => undefined)
    this.#copies.push(copy)
    this.#copyingBytes += record.length
    this.copiedBytes += record.length
    if (this.#copies.length >= COPIES_AT_ONCE || this.#copyingBytes >= COPIED_BYTES_AT_ONCE) await this.#copiesDone()
    const dueMs = this.#beganMs + (this.copiedBytes / this.#options.bytesPerSecond) * 1000
    const waitMs = dueMs - this.#clock.monotonicMs()
    if (waitMs > 0) await sleep(this.#clock, waitMs, this.#options.signal)
  }

  async #append(record: Uint8Array, stamp: (place: Place) => void, landed: (place: Place) => void): Promise<Copy> {
    let place: Place = { segment: 0, offset: 0 }
    await this.#mounted.appender.append(record, stamp, (landedAt) => {
      place = landedAt
      landed(landedAt)
    })
    return { record, place }
  }

  /** @throws CopyLost */
  async #copiesDone(): Promise<void> {
    const copies = this.#copies
    this.#copies = []
    this.#copyingBytes = 0
    if (!(await areThere(this.#disk, await Promise.all(copies)))) throw new CopyLost()
  }

  #putOf({ subject, shardIndex, offset, lineage, sequence, payloadLength, sha256, bucket }: ClosingEntry): PutFact {
    const key = keyOf(subject, shardIndex)
    return { what: 'put', key, segment: this.#segment, offset, lineage, sequence, payloadLength, sha256, bucket }
  }
}

function standsForItself({ kind }: ClosingEntry): boolean {
  return kind === KIND_JOURNAL || kind === KIND_SNAPSHOT
}
