/**
 * The slow pass that counts everything again: for each chunk and page its count against who holds it, for each page and
 * version the holds that it should have against those that are there. Every difference is a bug, to be raised as an
 * alarm before collection acts on it.
 */
import { assert } from '@holdfast/core/wire/assert.ts'
import type { Id } from '@holdfast/core/wire/ids.ts'
import { byKeys } from '../batches.ts'
import { bytesIn, bytesOf, hexOf, idIn, numberIn, orNull } from '../cells.ts'
import { decodeEntries, decodePageList } from '../page-list.ts'
import { query, type Row, type Steps, type Transaction } from '../transaction.ts'

const PASSES = ['chunks', 'pages', 'versions'] as const
type Pass = (typeof PASSES)[number]

export interface RecountPosition {
  readonly pass: Pass
  /** The key of the last row that was counted, both its columns one behind the other. */
  readonly key: string
}

export interface Difference {
  /** What is counted: references to a chunk or page, or what a page or version holds. */
  readonly of: 'chunk' | 'page' | 'page holds' | 'version holds'
  readonly bucket: Id
  readonly id: string
  /** Null where nothing is there that could hold a count. */
  readonly kept: number | null
  readonly counted: number
}

export interface RecountArgs {
  /** Only this one's; without it every bucket's. */
  readonly bucket?: Id
  /** `next` of the call before; null begins a pass. */
  readonly after: RecountPosition | null
  /** Rows that one call counts. */
  readonly limit: number
}

export interface RecountResult {
  /** How many were counted. */
  readonly rows: number
  readonly differences: readonly Difference[]
  readonly next: RecountPosition | null
}

export const recount: Transaction<RecountArgs, RecountResult> = {
  name: 'recount',
  *run({ bucket, after, limit }) {
    const from = after ?? { pass: 'chunks', key: '' }
    const { rows, differences, last } = yield* COUNTERS[from.pass](bytesOf(from.key), limit)
    const following = PASSES[PASSES.indexOf(from.pass) + 1]
    let next: RecountPosition | null = null
    if (last !== null) next = { pass: from.pass, key: hexOf(last) }
    else if (following !== undefined) next = { pass: following, key: '' }
    return { rows, differences: differences.filter((each) => bucket === undefined || each.bucket === bucket), next }
  },
}

interface Counted {
  readonly rows: number
  readonly differences: Difference[]
  /** Null where the pass came to its end. */
  readonly last: Uint8Array | null
}

const COUNTERS: Record<Pass, (after: Uint8Array, limit: number) => Steps<Counted>> = {
  chunks: (after, limit) => countReferences('chunk', after, limit),
  pages: (after, limit) => countReferences('page', after, limit),
  versions: countHoldsOfVersions,
}

/** Who holds a row without a row of its own: `references.ts` says why. */
const IN_SLOT = { chunk: 'CASE WHEN t.holder_id IS NULL THEN 0 ELSE 1 END', page: '0' } as const

/** Counts of one table's rows, and references to rows that are not there, in the range of keys that this call covers. */
function* countReferences(of: 'chunk' | 'page', after: Uint8Array, limit: number): Steps<Counted> {
  const from = keyColumns(after)
  const rows = yield* query(
    `SELECT t.bucket_id, t.${of}_id AS id, t.refs, ${IN_SLOT[of]} +
       (SELECT count(*) FROM ${of}_refs r WHERE r.bucket_id = t.bucket_id AND r.${of}_id = t.${of}_id) AS counted
     FROM ${of}s t WHERE (t.bucket_id, t.${of}_id) > (?, ?) ORDER BY t.bucket_id, t.${of}_id LIMIT ?`,
    ...from,
    limit,
  )
  const lastRow = rows.length < limit ? undefined : rows.at(-1)
  const last = lastRow === undefined ? null : keyOf(lastRow, 'bucket_id', 'id')
  const dangling = yield* query(
    `SELECT r.bucket_id, r.${of}_id AS id, count(*) AS counted FROM ${of}_refs r
     WHERE (r.bucket_id, r.${of}_id) > (?, ?) AND (r.bucket_id, r.${of}_id) <= (?, ?)
       AND NOT EXISTS (SELECT 1 FROM ${of}s t WHERE t.bucket_id = r.bucket_id AND t.${of}_id = r.${of}_id)
     GROUP BY r.bucket_id, r.${of}_id`,
    ...from,
    ...(last === null ? [ABOVE_ALL, ABOVE_ALL] : keyColumns(last)),
  )
  const differences = [...rows.filter((row) => row['refs'] !== row['counted']), ...dangling].map((row) => ({
    of,
    bucket: idIn(row, 'bucket_id'),
    id: hexOf(bytesIn(row, 'id')),
    kept: row['refs'] === undefined ? null : numberIn(row, 'refs'),
    counted: numberIn(row, 'counted'),
  }))
  if (of === 'chunk') return { rows: rows.length, differences, last }
  return { rows: rows.length, differences: [...differences, ...(yield* countHoldsOfPages(rows))], last }
}

const findSlots = byKeys('SELECT chunk_id FROM chunks WHERE bucket_id = ? AND holder_id = ? AND chunk_id IN')
const findChunkRefs = byKeys('SELECT chunk_id FROM chunk_refs WHERE bucket_id = ? AND holder_id = ? AND chunk_id IN')
const findPageRefs = byKeys(
  'SELECT page_id FROM page_refs WHERE bucket_id = ? AND file_id = ? AND version_id = ? AND page_id IN',
)

/** One row for each hold, so that a chunk that is held twice shows. */
function* findHeldChunks(bucket: Uint8Array, holder: Uint8Array, chunks: readonly Uint8Array[]): Steps<Row[]> {
  return [...(yield* findSlots([bucket, holder], chunks)), ...(yield* findChunkRefs([bucket, holder], chunks))]
}

function* countHoldsOfPages(pages: readonly Row[]): Steps<Difference[]> {
  const differences: Difference[] = []
  for (const page of pages) {
    const [stored] = yield* query(
      'SELECT entries FROM page_entries WHERE bucket_id = ? AND page_id = ?',
      bytesIn(page, 'bucket_id'),
      bytesIn(page, 'id'),
    )
    assert(stored !== undefined, 'a page has entries')
    const chunks = [...new Set(decodeEntries(bytesIn(stored, 'entries')).map((entry) => entry.chunk))]
    const held = yield* findHeldChunks(bytesIn(page, 'bucket_id'), bytesIn(page, 'id'), chunks.map(bytesOf))
    if (held.length === chunks.length) continue
    const [bucket, id] = [idIn(page, 'bucket_id'), hexOf(bytesIn(page, 'id'))]
    differences.push({ of: 'page holds', bucket, id, kept: chunks.length, counted: held.length })
  }
  return differences
}

function* countHoldsOfVersions(after: Uint8Array, limit: number): Steps<Counted> {
  const rows = yield* query(
    `SELECT v.file_id, v.version_id, v.chunk_id, v.pages, COALESCE(f.bucket_id, d.bucket_id) AS bucket_id
     FROM versions v LEFT JOIN files f ON f.file_id = v.file_id LEFT JOIN deleted_files d ON d.file_id = v.file_id
     WHERE (v.file_id, v.version_id) > (?, ?) ORDER BY v.file_id, v.version_id LIMIT ?`,
    ...keyColumns(after),
    limit,
  )
  const differences: Difference[] = []
  for (const row of rows) {
    const chunk = orNull(row, 'chunk_id', bytesIn)
    const pages = orNull(row, 'pages', bytesIn)
    const [bucket, version] = [bytesIn(row, 'bucket_id'), bytesIn(row, 'version_id')]
    const distinct = pages === null ? [] : [...new Set(decodePageList(pages).map((page) => page.page))]
    const held = [
      ...(yield* findPageRefs([bucket, bytesIn(row, 'file_id'), version], distinct.map(bytesOf))),
      ...(yield* findHeldChunks(bucket, version, chunk === null ? [] : [chunk])),
    ]
    const kept = distinct.length + (chunk === null ? 0 : 1)
    if (held.length === kept) continue
    differences.push({
      of: 'version holds',
      bucket: idIn(row, 'bucket_id'),
      id: hexOf(version),
      kept,
      counted: held.length,
    })
  }
  const last = rows.at(-1)
  const isEnd = last === undefined || rows.length < limit
  return { rows: rows.length, differences, last: isEnd ? null : keyOf(last, 'file_id', 'version_id') }
}

const FIRST_BYTES = 16
const ABOVE_ALL = new Uint8Array(33).fill(0xff)

function keyOf(row: Row, first: string, second: string): Uint8Array {
  return Buffer.concat([bytesIn(row, first), bytesIn(row, second)])
}

function keyColumns(key: Uint8Array): [Uint8Array, Uint8Array] {
  return [key.subarray(0, FIRST_BYTES), key.subarray(FIRST_BYTES)]
}
