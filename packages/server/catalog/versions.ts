/**
 * A file's versions: writing one with what it refers to, and dropping those beyond what the bucket's policy keeps. Their ids
 * grow within a file, whatever gateway made them, because the history is read in that order.
 */
import { decodeClock, encodeClock } from '@holdfast/core/clocks/clock-bytes.ts'
import { increment } from '@holdfast/core/clocks/vector-clock.ts'
import { assert } from '@holdfast/core/wire/assert.ts'
import { asId, type Id } from '@holdfast/core/wire/ids.ts'
import { byKeys, onceEach } from './batches.ts'
import { bytesIn, bytesOf, orNull } from './cells.ts'
import { decodePageList, encodePageList } from './page-list.ts'
import { releaseChunks, releasePages } from './references.ts'
import { CONTENT, DELETED } from './row-readers.ts'
import type { VersionRow } from './rows.ts'
import { query, type Row, type Steps } from './transaction.ts'

/** What one commit drops at most, where a policy that keeps fewer versions finds many; the next commit goes on. */
const VERSIONS_DROPPED_MAX = 20

const findOldestKept = onceEach(
  (kept) =>
    `SELECT version_id FROM versions WHERE file_id = ? AND kind = ? ORDER BY version_id DESC LIMIT 1 OFFSET ${kept - 1}`,
)
const FIND_BEYOND = `SELECT version_id, chunk_id, pages FROM versions WHERE file_id = ? AND version_id < ?
  ORDER BY version_id LIMIT ${VERSIONS_DROPPED_MAX}`
const deleteVersions = byKeys('DELETE FROM versions WHERE file_id = ? AND version_id IN')

const TAIL_MAX = (1n << 80n) - 1n

/** `proposed`, or the least id above `last` where another gateway's clock is ahead of the one that proposed it. */
export function laterVersion(proposed: Id, last: Id | undefined): Id {
  if (last === undefined || proposed > last) return proposed
  const next = BigInt(`0x${last}`) + 1n
  assert((next & TAIL_MAX) !== 0n, 'a millisecond has ids left')
  return asId(next.toString(16).padStart(32, '0'))
}

/** The clock of what `actor` makes of the state with `clock`. @throws limit_exceeded */
export function nextClock(clock: Uint8Array | undefined, actor: Id): Uint8Array {
  return encodeClock(increment(clock === undefined ? new Map() : decodeClock(clock), actor))
}

export function* insertVersion(version: VersionRow): Steps<void> {
  yield* query(
    `INSERT INTO versions (file_id, version_id, kind, size, sha256, content_type, strategy, modified_at, created_at, author,
       clock, chunk_id, pages)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    bytesOf(version.file),
    bytesOf(version.version),
    version.kind === 'content' ? CONTENT : DELETED,
    version.size,
    version.sha256 && bytesOf(version.sha256),
    version.contentType,
    version.strategy,
    version.modifiedAt,
    version.createdAt,
    version.author && bytesOf(version.author),
    version.clock,
    version.chunk && bytesOf(version.chunk),
    version.pages && encodePageList(version.pages),
  )
}

/**
 * Drops what is older than the `kept` newest versions with contents. Deletion markers are not counted: a file that was deleted
 * keeps what can be restored.
 */
export function* pruneVersions(bucket: Id, file: Id, kept: number): Steps<void> {
  const [oldestKept] = yield* query(findOldestKept(kept), bytesOf(file), CONTENT)
  if (oldestKept === undefined) return
  const beyond = yield* query(FIND_BEYOND, bytesOf(file), bytesIn(oldestKept, 'version_id'))
  yield* dropVersions(bucket, file, beyond)
}

/** `rows` hold `version_id`, `chunk_id` and `pages`. */
export function* dropVersions(bucket: Id, file: Id, rows: readonly Row[]): Steps<void> {
  for (const row of rows) {
    const version = bytesIn(row, 'version_id')
    const chunk = orNull(row, 'chunk_id', bytesIn)
    const pages = orNull(row, 'pages', bytesIn)
    if (chunk !== null) yield* releaseChunks(bucket, [chunk], version)
    if (pages !== null) {
      const ids = decodePageList(pages).map((page) => page.page)
      yield* releasePages(bucket, ids, file, version)
    }
  }
  yield* deleteVersions(
    [bytesOf(file)],
    rows.map((row) => bytesIn(row, 'version_id')),
  )
}
