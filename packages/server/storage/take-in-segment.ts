/**
 * Brings a segment file into the table: from its index record where it is closed and that record is whole, else by walking
 * what lies behind the end that the table knows.
 */
import { type Clock, sleep } from '../seams/clock.ts'
import type { Disk, DiskFile } from '../seams/disk.ts'
import { type ClosingEntry, readClosingEntries } from './closing-index.ts'
import { readTwice } from './read-retry.ts'
import {
  KIND_JOURNAL,
  KIND_SHARD,
  KIND_SNAPSHOT,
  KIND_TOMBSTONE,
  payloadOffsetOf,
  type RecordOwner,
  recordLengthOf,
} from './record.ts'
import { segmentPath } from './segment-name.ts'
import { keyOf } from './shard-key.ts'
import type { ShardTable } from './shard-table.ts'
import { parseTombstone, type TombstoneEntry } from './tombstone.ts'
import { payloadIsWhole, walkSegment } from './walk-segment.ts'

/** So many entries are taken in before others get their turn on the event loop. */
const ENTRIES_AT_ONCE = 1000

export interface TakenIn {
  readonly damagedPlaces: number
}

export async function takeInSegment(
  { disk, clock, table, owner }: { disk: Disk; clock: Clock; table: ShardTable; owner: RecordOwner },
  segment: number,
): Promise<TakenIn> {
  const known = table.segment(segment)
  if (known?.closed) return { damagedPlaces: 0 }
  await using file = await disk.open(segmentPath(segment), { mode: 'read' })
  const knownBytes = known?.endBytes ?? 0
  const entries = await readClosingEntries(file, owner, segment)
  if (entries !== undefined) {
    let taken = 0
    for (const entry of entries) {
      if (entry.offset < knownBytes) continue
      await takeIn(table, file, segment, entry)
      if (++taken % ENTRIES_AT_ONCE === 0) await sleep(clock, 0)
    }
    table.setEnd(segment, await file.size(), true)
    return { damagedPlaces: 0 }
  }
  const walked = await walkSegment(file, owner, { segment, offset: knownBytes }, ({ header, offset }) =>
    takeIn(table, file, segment, { ...header, offset }),
  )
  // What stands there may never have been synced: before anything of it is answered for, it is.
  if (walked.usedBytes > knownBytes) await file.sync()
  table.setEnd(segment, walked.usedBytes, false)
  return { damagedPlaces: walked.damagedPlaces }
}

/** The entries of a tombstone record, or undefined where its bytes are damaged. */
export async function readTombstone(
  file: DiskFile,
  { offset, payloadLength }: { offset: number; payloadLength: number },
): Promise<TombstoneEntry[] | undefined> {
  if (!(await payloadIsWhole(file, offset, payloadLength))) return undefined
  const payload = Buffer.alloc(payloadLength)
  await readTwice(file, payload, offset + payloadOffsetOf(payloadLength))
  return parseTombstone(payload)
}

async function takeIn(
  table: ShardTable,
  file: DiskFile,
  segment: number,
  entry: Omit<ClosingEntry, 'dataShards'>,
): Promise<void> {
  const { offset, lineage, sequence, payloadLength, sha256, bucket } = entry
  if (entry.kind === KIND_SHARD) {
    const key = keyOf(entry.subject, entry.shardIndex)
    table.add({ what: 'put', key, segment, offset, lineage, sequence, payloadLength, sha256, bucket })
  } else if (entry.kind === KIND_TOMBSTONE) {
    for (const { key, deed, sequence } of (await readTombstone(file, entry)) ?? []) {
      if (key !== undefined) table.add({ what: deed, key, segment, offset, lineage, sequence })
    }
  } else if (entry.kind === KIND_JOURNAL || entry.kind === KIND_SNAPSHOT) {
    table.addLive(segment, recordLengthOf(payloadLength))
  }
}
