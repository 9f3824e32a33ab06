/**
 * A disk that was found, known by its identity, counted as started, and read in. It lives as long as the disk stays; one that
 * goes away and comes back is mounted again, which is why everything that a coming and going touches stands here.
 *
 * Order of mounting: the identity is read; the disk is asked to sync, for its index does so on the thread that serves all disks, and one
 * that hangs is to show it here, where nobody else waits; the index is opened, which also locks the disk against a second process; the start
 * is counted and synced; then the segments behind the index are read in, and synced where they were not read before.
 */

import type { HoldfastError } from '@holdfast/core/wire/errors.ts'
import type { Id, IdMaker } from '@holdfast/core/wire/ids.ts'
import type { Clock } from '../seams/clock.ts'
import type { Disk } from '../seams/disk.ts'
import { Appender, identityPayload } from './appender.ts'
import { ClosedPuts } from './closed-puts.ts'
import { FileCache } from './file-cache.ts'
import { type Identity, knownIdentity, raiseStarts } from './identity.ts'
import { OpenSegment, SEGMENT_BYTES_MAX } from './open-segment.ts'
import { ReadErrors } from './read-errors.ts'
import { HEADER_BYTES, KIND_IDENTITY, parseHeader } from './record.ts'
import { sha256Of } from './record-buffer.ts'
import { SEGMENTS_DIRECTORY, segmentOf, segmentPath } from './segment-name.ts'
import { IndexFailedError, type OpenIndex } from './shard-index.ts'
import { ShardReader } from './shard-reader.ts'
import { ShardTable } from './shard-table.ts'
import { takeInSegment } from './take-in-segment.ts'

export interface MountOptions {
  readonly disk: Disk
  readonly clock: Clock
  /** Gives each start its id. */
  readonly ids: IdMaker
  readonly openIndex: OpenIndex
  readonly cluster: Id
  readonly node: Id
  /** Stands in the identity record of every segment; another one opens a new segment. */
  readonly sealedHeader: Uint8Array
  /** How long a segment grows; by default 256 MiB. */
  readonly segmentBytesMax?: number
}

export interface Mounted extends AsyncDisposable {
  readonly identity: Identity
  readonly table: ShardTable
  readonly reader: ShardReader
  readonly appender: Appender
  readonly closed: ClosedPuts
  /** Places in what was read in now that hold no whole record: torn at a crash, or damaged. */
  readonly damagedPlaces: number
  /** Lets go of the disk without another write: it is away. */
  abandon(error: HoldfastError): Promise<void>
}

/** What the store that mounts a disk knows better: whether it is still there, and what a failure means. */
export interface MountedBy {
  /** False where the disk was away while its index was open. */
  readonly trusted: boolean
  readonly checkDisk: (identity: Identity) => Promise<void>
  readonly judge: (error: unknown) => Promise<Error>
}

export async function mountDisk(options: MountOptions, { trusted, checkDisk, judge }: MountedBy): Promise<Mounted> {
  const { disk, ids, openIndex, segmentBytesMax: bytesMax = SEGMENT_BYTES_MAX } = options
  const found = await knownIdentity(disk, options)
  await disk.syncDirectory('.')
  await using opened = new AsyncDisposableStack()
  const index = opened.use(await openIndex({ disk: found.disk, starts: found.starts, trusted }))
  const identity = await raiseStarts(disk, found, ids.next())
  const closed = await ClosedPuts.open(disk, identity.lineage)
  const table = new ShardTable(index)
  const { damagedPlaces, nextSegment } = await readIn(options, identity, table)
  const reader = new ShardReader(new FileCache(disk), identity, new ReadErrors(options.clock))
  const rules = { owner: identity, bytesMax }
  const unclosed: OpenSegment[] = []
  for (const { segment, endBytes } of table.segments().filter(({ closed }) => !closed)) {
    const reopened = await OpenSegment.resume(disk, rules, segment, endBytes)
    opened.defer(() => reopened.abandon())
    unclosed.push(reopened)
  }
  const last = unclosed.at(-1)
  const resumed = last !== undefined && (await beginsWith(options, identity, last.number)) ? last : undefined
  const check = () => checkDisk(identity)
  const appender = new Appender({ ...options, identity, table, rules, nextSegment, resumed, judge, checkDisk: check })
  // From here on the appender owns the segments, and the caller the rest.
  opened.move()
  for (const segment of unclosed) if (segment !== resumed) appender.closeBeside(segment)
  return {
    identity,
    table,
    reader,
    appender,
    closed,
    damagedPlaces,
    async abandon(error) {
      await appender.end(error)
      await letGo(disk, reader, table).catch(() => undefined)
    },
    async [Symbol.asyncDispose]() {
      await appender[Symbol.asyncDispose]()
      await letGo(disk, reader, table)
    },
  }
}

/** An index that cannot be closed cleanly is not believed at the next start; that is all that is lost. */
async function letGo(disk: Disk, reader: ShardReader, table: ShardTable): Promise<void> {
  await reader[Symbol.asyncDispose]()
  // As before opening it: the index syncs on this very thread.
  await disk.syncDirectory('.').catch(() => undefined)
  try {
    await table[Symbol.asyncDispose]()
  } catch (error) {
    if (!(error instanceof IndexFailedError)) throw error
  }
}

async function readIn(
  { disk, clock }: MountOptions,
  owner: Identity,
  table: ShardTable,
): Promise<{ damagedPlaces: number; nextSegment: number }> {
  if (!(await disk.exists(SEGMENTS_DIRECTORY))) await disk.makeDirectory(SEGMENTS_DIRECTORY)
  const names = await disk.list(SEGMENTS_DIRECTORY)
  const segments = names.map(segmentOf).filter((segment) => segment !== undefined)
  const nextSegment = Math.max(0, segments.at(-1) ?? 0, table.segments().at(-1)?.segment ?? 0) + 1
  const present = new Set(segments)
  // A file that is gone is not reported any more; what the index says of its shards shows itself as damage.
  for (const { segment } of table.segments()) if (!present.has(segment)) table.dropSegment(segment, [])
  let damagedPlaces = 0
  for (const segment of segments) {
    if (table.segment(segment)?.closed) continue
    damagedPlaces += (await takeInSegment({ disk, clock, table, owner }, segment)).damagedPlaces
    table.flush()
  }
  // A name that was made before a crash may not be on disk yet, and what it holds is now answered for.
  await disk.syncDirectory(SEGMENTS_DIRECTORY)
  await disk.syncDirectory('.')
  return { damagedPlaces, nextSegment }
}

/** Whether a segment begins with the identity record that this start would write. */
async function beginsWith({ disk, sealedHeader }: MountOptions, identity: Identity, segment: number): Promise<boolean> {
  await using file = await disk.open(segmentPath(segment), { mode: 'read' })
  const head = Buffer.alloc(HEADER_BYTES)
  if ((await file.read(head, 0)) < head.length) return false
  const parsed = parseHeader(head, identity, { segment, offset: 0 })
  if (!parsed.ok || parsed.header.kind !== KIND_IDENTITY) return false
  return parsed.header.sha256 === sha256Of(identityPayload(identity, sealedHeader))
}
