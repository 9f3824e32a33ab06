/**
 * Who refers to what. A lone-chunk version and a page *hold* chunks, a version holds pages; every hold is a row, the proof
 * that collection asks for, and one in the count of what it holds, by which collection finds its candidates. Counts and rows
 * change only here and in `reap.ts`.
 */
import { assert } from '@holdfast/core/wire/assert.ts'
import { HoldfastError } from '@holdfast/core/wire/errors.ts'
import type { ChunkId, Id } from '@holdfast/core/wire/ids.ts'
import { byKeys, inserting } from './batches.ts'
import { bytesIn, bytesOf } from './cells.ts'
import { decodeEntries, pageIdOf } from './page-list.ts'
import { query, type Steps, type Value } from './transaction.ts'

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

/**
 * How one kind of thing is held and let go of. A holder is known by some columns beside the bucket; further ones stand in its row
 * without being looked for.
 */
function holds(thing: 'chunk' | 'page', holderColumns: readonly string[], furtherColumns: readonly string[] = []) {
  const raise = byKeys(
    `UPDATE ${thing}s SET refs = refs + 1, condemned = NULL WHERE bucket_id = ? AND ${thing}_id IN`,
    'RETURNING refs',
  )
  const lower = byKeys(`UPDATE ${thing}s SET refs = refs - 1 WHERE bucket_id = ? AND ${thing}_id IN`)
  const columns = ['bucket_id', `${thing}_id`, ...holderColumns, ...furtherColumns]
  const insert = inserting(`INSERT INTO ${thing}_refs (${columns.join(', ')})`)
  const remove = byKeys(
    `DELETE FROM ${thing}_refs WHERE bucket_id = ? AND ${holderColumns.map((name) => `${name} = ?`).join(' AND ')}
       AND ${thing}_id IN`,
    `RETURNING ${thing}_id`,
  )
  return {
    /**
     * Every row is read again here, and a condemned mark goes: from now on it is referred to. A key stands once.
     * @throws conflict where one has no row any more
     */
    *take(bucket: Uint8Array, keys: readonly Uint8Array[], holder: readonly Value[]): Steps<void> {
      const held = yield* raise([bucket], keys)
      if (held.length !== keys.length) throw gone(thing)
      yield* insert(keys.map((key) => [bucket, key, ...holder]))
    },

    /** Lowers counts only by holds that were there: what drifted once drifts no further. */
    *release(bucket: Uint8Array, keys: readonly Uint8Array[], holder: readonly Value[]): Steps<void> {
      const released = yield* remove([bucket, ...holder], keys)
      yield* lower(
        [bucket],
        released.map((row) => bytesIn(row, `${thing}_id`)),
      )
    },
  }
}

const chunkHolds = holds('chunk', ['holder_id'], ['holder_kind'])
const pageHolds = holds('page', ['file_id', 'version_id'])

/** Each chunk stands once. @throws conflict where one has no row any more */
export function* holdChunks(
  bucket: Id,
  chunks: readonly ChunkId[],
  holder: { readonly id: Id; readonly kind: number },
): Steps<void> {
  yield* chunkHolds.take(bytesOf(bucket), chunks.map(bytesOf), [bytesOf(holder.id), holder.kind])
}

export function* releaseChunks(bucket: Id, chunks: readonly Uint8Array[], holder: Uint8Array): Steps<void> {
  yield* chunkHolds.release(bytesOf(bucket), chunks, [holder])
}

/** Refers to each page once, however often it is listed. @throws conflict where one is not stored */
export function* holdPages(bucket: Id, offered: readonly OfferedPage[], file: Id, version: Id): Steps<void> {
  const pages = [...new Map(offered.map((page) => [page.page, page])).values()]
  for (const { page, entries } of pages) {
    if (entries !== null) yield* storePage(bucket, page, entries)
  }
  const keys = pages.map(({ page }) => bytesOf(page))
  yield* pageHolds.take(bytesOf(bucket), keys, [bytesOf(file), bytesOf(version)])
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
  yield* pageHolds.release(bytesOf(bucket), [...new Set(pages)].map(bytesOf), [bytesOf(file), version])
}

function gone(what: string): HoldfastError {
  return new HoldfastError('conflict', `a ${what} that this version refers to is not stored any more; look it up again`)
}
