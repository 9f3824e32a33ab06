/**
 * Who refers to what. A lone-chunk version and a page *hold* chunks, a version holds pages; every hold is written down, the
 * proof that collection asks for, and one in the count of what it holds, by which collection finds its candidates. Counts and
 * holds change only here and in `reap.ts`.
 *
 * Most chunks have one holder for life, and a row for it would cost each put a page of the log. So a chunk's row has a *slot*
 * for one holder; only who comes while it is taken gets a row. An empty slot is the next holder's, and nobody moves there.
 *
 *     chunks        x: refs 3, holder a      y: refs 1, holder d      z: refs 1, no holder
 *     chunk_refs    x: b   x: c                                       z: e
 */
import { assert } from '@holdfast/core/wire/assert.ts'
import { HoldfastError } from '@holdfast/core/wire/errors.ts'
import type { ChunkId, Id } from '@holdfast/core/wire/ids.ts'
import { byKeys, inserting } from './batches.ts'
import { bytesIn, bytesOf, hexOf } from './cells.ts'
import { decodeEntries, pageIdOf } from './page-list.ts'
import { query, type Steps } from './transaction.ts'

/** Kinds of holders; 3 is a part of an upload that comes in parts. */
export const HOLDER_VERSION = 1
const HOLDER_PAGE = 2

/** A page as its uploader knows it: without entries where it was stored before, by `commitPage` or with another version. */
export interface OfferedPage {
  readonly page: Id
  readonly entries: Uint8Array | null
  readonly count: number
  readonly plainBytes: number
}

/** Of a row of `chunks`: nobody holds it, whatever the count says. */
export const CHUNK_UNHELD = `holder_id IS NULL
  AND NOT EXISTS (SELECT 1 FROM chunk_refs r WHERE r.bucket_id = chunks.bucket_id AND r.chunk_id = chunks.chunk_id)`

// Who has the slot finds no chunk here, and who has a row and comes to a taken slot cannot have another.
const raiseChunks = byKeys(
  `UPDATE chunks SET refs = refs + 1, condemned = NULL,
     holder_id = COALESCE(holder_id, ?), holder_kind = COALESCE(holder_kind, ?)
   WHERE bucket_id = ? AND holder_id IS DISTINCT FROM ? AND chunk_id IN`,
  'RETURNING chunk_id, holder_id',
)
const emptySlots = byKeys(
  `UPDATE chunks SET refs = refs - 1, holder_id = NULL, holder_kind = NULL
   WHERE bucket_id = ? AND holder_id = ? AND chunk_id IN`,
  'RETURNING chunk_id',
)
const lowerChunks = byKeys('UPDATE chunks SET refs = refs - 1 WHERE bucket_id = ? AND chunk_id IN')
const insertChunkRefs = inserting('INSERT INTO chunk_refs (bucket_id, chunk_id, holder_id, holder_kind)')
const deleteChunkRefs = byKeys(
  'DELETE FROM chunk_refs WHERE bucket_id = ? AND holder_id = ? AND chunk_id IN',
  'RETURNING chunk_id',
)
const raisePages = byKeys(
  'UPDATE pages SET refs = refs + 1, condemned = NULL WHERE bucket_id = ? AND page_id IN',
  'RETURNING refs',
)
const lowerPages = byKeys('UPDATE pages SET refs = refs - 1 WHERE bucket_id = ? AND page_id IN')
const insertPageRefs = inserting('INSERT INTO page_refs (bucket_id, page_id, file_id, version_id)')
const deletePageRefs = byKeys(
  'DELETE FROM page_refs WHERE bucket_id = ? AND file_id = ? AND version_id = ? AND page_id IN',
  'RETURNING page_id',
)

/**
 * Every chunk's row is read again here, and a condemned mark goes: from now on the chunk is referred to.
 *
 * A holder comes once in its life, in the transaction that makes it, with each chunk once: a version under an id that its file never
 * had, a page when its row is inserted. The slot alone would not refuse who comes again: one that has a row, and finds the slot empty,
 * would hold the chunk twice, and let go of one hold only. The chunk would then stay for ever, and nothing would be lost.
 * @throws conflict where one has no row any more
 */
export function* holdChunks(
  bucket: Id,
  chunks: readonly ChunkId[],
  holder: { readonly id: Id; readonly kind: number },
): Steps<void> {
  const bucketBytes = bytesOf(bucket)
  const holderBytes = bytesOf(holder.id)
  const keys = chunks.map(bytesOf)
  const held = yield* raiseChunks([holderBytes, holder.kind, bucketBytes, holderBytes], keys)
  if (held.length !== keys.length) throw gone('a chunk')
  const further = held.filter((row) => Buffer.compare(bytesIn(row, 'holder_id'), holderBytes) !== 0)
  yield* insertChunkRefs(further.map((row) => [bucketBytes, bytesIn(row, 'chunk_id'), holderBytes, holder.kind]))
}

/** Lowers counts only by holds that were there: what drifted once drifts no further. */
export function* releaseChunks(bucket: Id, chunks: readonly Uint8Array[], holder: Uint8Array): Steps<void> {
  const bucketBytes = bytesOf(bucket)
  const emptied = new Set(
    (yield* emptySlots([bucketBytes, holder], chunks)).map((row) => hexOf(bytesIn(row, 'chunk_id'))),
  )
  const further = chunks.filter((chunk) => !emptied.has(hexOf(chunk)))
  const released = yield* deleteChunkRefs([bucketBytes, holder], further)
  yield* lowerChunks(
    [bucketBytes],
    released.map((row) => bytesIn(row, 'chunk_id')),
  )
}

/** Refers to each page once, however often it is listed. @throws conflict where one is not stored */
export function* holdPages(bucket: Id, offered: readonly OfferedPage[], file: Id, version: Id): Steps<void> {
  const pages = [...new Map(offered.map((page) => [page.page, page])).values()]
  for (const { page, entries } of pages) {
    if (entries !== null) yield* storePage(bucket, page, entries)
  }
  const keys = pages.map(({ page }) => bytesOf(page))
  const held = yield* raisePages([bytesOf(bucket)], keys)
  if (held.length !== keys.length) throw gone('a page')
  yield* insertPageRefs(keys.map((page) => [bytesOf(bucket), page, bytesOf(file), bytesOf(version)]))
}

/**
 * Stores a page that no version refers to yet, and holds its chunks. One that is there keeps what it holds, and is no longer
 * condemned.
 * @throws conflict where a chunk is not stored any more
 */
export function* storePage(bucket: Id, page: Id, entries: Uint8Array): Steps<void> {
  // Versions share a page by its id alone: under a wrong one it would give other files wrong bytes.
  assert(pageIdOf(entries) === page, 'a page is named after its entries')
  const [stored] = yield* query(
    'SELECT entries FROM page_entries WHERE bucket_id = ? AND page_id = ?',
    bytesOf(bucket),
    bytesOf(page),
  )
  if (stored !== undefined) {
    assert(Buffer.compare(bytesIn(stored, 'entries'), entries) === 0, 'two pages of one id have the same entries')
    yield* query(
      'UPDATE pages SET condemned = NULL WHERE bucket_id = ? AND page_id = ? AND condemned IS NOT NULL',
      bytesOf(bucket),
      bytesOf(page),
    )
    return
  }
  yield* query('INSERT INTO pages (bucket_id, page_id, refs) VALUES (?, ?, 0)', bytesOf(bucket), bytesOf(page))
  yield* query(
    'INSERT INTO page_entries (bucket_id, page_id, entries) VALUES (?, ?, ?)',
    bytesOf(bucket),
    bytesOf(page),
    entries,
  )
  const chunks = decodeEntries(entries).map((entry) => entry.chunk)
  yield* holdChunks(bucket, [...new Set(chunks)], { id: page, kind: HOLDER_PAGE })
}

export function* releasePages(bucket: Id, pages: readonly Id[], file: Id, version: Uint8Array): Steps<void> {
  const released = yield* deletePageRefs([bytesOf(bucket), bytesOf(file), version], [...new Set(pages)].map(bytesOf))
  yield* lowerPages(
    [bytesOf(bucket)],
    released.map((row) => bytesIn(row, 'page_id')),
  )
}

function gone(what: string): HoldfastError {
  return new HoldfastError('conflict', `${what} that this version refers to is not stored any more; look it up again`)
}
