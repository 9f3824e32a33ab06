/**
 * Lists what is there, in byte order of the paths. With a delimiter, everything that continues beyond it is one item, its *common
 * prefix*, and the walk goes on behind it with one seek, however many files it holds:
 *
 *     a.txt   b/1   b/2   … b/10000   c.txt        delimiter /
 *     file    seek to b0 ──────────→   file         items a.txt, b/, c.txt
 *
 * Rows are read in runs that grow while most rows become items, and shrink to one where a run is mostly of one prefix.
 *
 * Searching (`q`) and listing by tag read at most `SEARCHED_ROWS_MAX` rows in a call, so a page may be empty and still not the last:
 * `next` says where to go on. Both list files only, and a tag's files come in order of their ids, which is the order of its index.
 */
import { assert } from '@holdfast/core/wire/assert.ts'
import { HoldfastError } from '@holdfast/core/wire/errors.ts'
import { type Id, isId } from '@holdfast/core/wire/ids.ts'
import { limited } from '../batches.ts'
import { bytesIn, bytesOf } from '../cells.ts'
import { endOfPrefix, justAfter, pathOf, textBytes } from '../path-range.ts'
import { FILE_DETAILS, fileRow } from '../row-readers.ts'
import type { FileRow } from '../rows.ts'
import { query, type Row, type Steps, type Transaction } from '../transaction.ts'

export const LISTED_ITEMS_MAX = 1000
export const SEARCHED_ROWS_MAX = 5000
const RUN_ROWS_MAX = 256

const IN_ORDER = 'WHERE f.bucket_id = ? AND f.path >= ? AND f.path < ? ORDER BY f.path'
const findFiles = limited(`SELECT ${FILE_DETAILS} FROM files f ${IN_ORDER}`)
const findPaths = limited(`SELECT f.path FROM files f ${IN_ORDER}`)

export interface ListFilesArgs {
  readonly bucket: Id
  readonly prefix: string
  readonly delimiter?: string
  /** `next` of the page before: a path or a common prefix, or with a tag a file's id. */
  readonly after?: string
  readonly limit: number
  readonly tag?: { readonly key: string; readonly value: string }
  /** Part of the path, in whatever case. */
  readonly q?: string
}

export type ListedItem = ({ readonly kind: 'file' } & FileRow) | { readonly kind: 'prefix'; readonly prefix: string }

export interface ListFilesResult {
  readonly items: readonly ListedItem[]
  readonly more: boolean
  /** Where the next page begins; null where `more` is false. */
  readonly next: string | null
}

/** @throws bad_request where a delimiter meets a search or a tag, or a cursor belongs to another list */
export const listFiles: Transaction<ListFilesArgs, ListFilesResult> = {
  name: 'listFiles',
  *run(args) {
    assert(args.limit >= 1 && args.limit <= LISTED_ITEMS_MAX, `a page has 1 to ${LISTED_ITEMS_MAX} items`)
    const isSearch = args.tag !== undefined || args.q !== undefined
    if (isSearch && args.delimiter !== undefined) {
      throw new HoldfastError('bad_request', 'a search has no delimiter')
    }
    return isSearch ? yield* search(args) : yield* walk(args)
  },
}

function* walk({ bucket, prefix, delimiter = '', after = '', limit }: ListFilesArgs): Steps<ListFilesResult> {
  const bucketBytes = bytesOf(bucket)
  const prefixBytes = textBytes(prefix)
  const end = endOfPrefix(prefixBytes)
  const commonPrefixOf = commonPrefixes(prefixBytes, textBytes(delimiter))
  const items: ListedItem[] = []
  let from = firstAfter(prefixBytes, textBytes(after), commonPrefixOf)
  // Without a delimiter every row is an item.
  let run = delimiter === '' ? limit + 1 : 1
  // Where common prefixes follow each other, the path is all that is read.
  let isWhole = delimiter === ''
  for (;;) {
    const asked = Math.min(run, limit + 1 - items.length)
    const rows = yield* (isWhole ? findFiles : findPaths)([bucketBytes, from, end], asked)
    const before = items.length
    let common: Uint8Array | undefined
    let file: Uint8Array | undefined
    for (const row of rows) {
      const path = bytesIn(row, 'path')
      if (common !== undefined && startsWith(path, common)) continue
      if (items.length === limit) return { items, more: true, next: cursorOf(items.at(-1)) }
      common = commonPrefixOf(path)
      file = common === undefined ? path : undefined
      if (file !== undefined && !isWhole) break
      items.push(common === undefined ? fileItem(row, bucket) : { kind: 'prefix', prefix: pathOf(common) })
    }
    const made = items.length - before
    if (file !== undefined && !isWhole) from = file
    else if (rows.length < asked) return { items, more: false, next: null }
    else from = common === undefined ? justAfter(file ?? from) : endOfPrefix(common)
    run = made * 2 > rows.length ? Math.min(run * 2, RUN_ROWS_MAX) : 1
    isWhole = file !== undefined
  }
}

/** What a path counts as when it is listed: a prefix of it, or nothing where the path itself is the item. */
function commonPrefixes(prefix: Uint8Array, delimiter: Uint8Array): (path: Uint8Array) => Uint8Array | undefined {
  if (delimiter.length === 0) return () => undefined
  return (path) => {
    const at = Buffer.from(path.buffer, path.byteOffset, path.length).indexOf(delimiter, prefix.length)
    return at === -1 ? undefined : path.subarray(0, at + delimiter.length)
  }
}

function firstAfter(
  prefix: Uint8Array,
  after: Uint8Array,
  commonPrefixOf: (path: Uint8Array) => Uint8Array | undefined,
): Uint8Array {
  if (!startsWith(after, prefix)) return Buffer.compare(after, prefix) < 0 ? prefix : justAfter(after)
  if (after.length === 0) return prefix
  const common = commonPrefixOf(after)
  return common === undefined ? justAfter(after) : endOfPrefix(common)
}

function* search(args: ListFilesArgs): Steps<ListFilesResult> {
  const prefix = textBytes(args.prefix)
  const sought = args.q?.toLowerCase() ?? ''
  const rowsAfter = args.tag === undefined ? pathsAfter(args.bucket, prefix) : taggedAfter(args.bucket, args.tag)
  const items: ListedItem[] = []
  let next = args.after ?? null
  for (let searched = 0; searched < SEARCHED_ROWS_MAX; searched += RUN_ROWS_MAX) {
    const rows = yield* rowsAfter(next)
    for (const row of rows) {
      const file = fileItem(row, args.bucket)
      next = args.tag === undefined ? file.path : file.file
      if (!startsWith(bytesIn(row, 'path'), prefix) || !file.path.toLowerCase().includes(sought)) continue
      items.push(file)
      if (items.length === args.limit) return { items, more: true, next }
    }
    if (rows.length < RUN_ROWS_MAX) return { items, more: false, next: null }
  }
  return { items, more: true, next }
}

function pathsAfter(bucket: Id, prefix: Uint8Array): (cursor: string | null) => Steps<Row[]> {
  return (cursor) => {
    const from = firstAfter(prefix, textBytes(cursor ?? ''), () => undefined)
    return findFiles([bytesOf(bucket), from, endOfPrefix(prefix)], RUN_ROWS_MAX)
  }
}

function taggedAfter(bucket: Id, tag: { key: string; value: string }): (cursor: string | null) => Steps<Row[]> {
  return (cursor) => {
    if (cursor !== null && !isId(cursor)) throw new HoldfastError('bad_request', 'the cursor belongs to another list')
    return query(
      `SELECT ${FILE_DETAILS} FROM file_tags t JOIN files f ON f.file_id = t.file_id
       WHERE t.bucket_id = ? AND t.key = ? AND t.value = ? AND t.file_id > ? ORDER BY t.file_id LIMIT ?`,
      bytesOf(bucket),
      tag.key,
      tag.value,
      bytesOf(cursor ?? ''),
      RUN_ROWS_MAX,
    )
  }
}

function fileItem(row: Row, bucket: Id): { readonly kind: 'file' } & FileRow {
  return { kind: 'file', ...fileRow(row, bucket) }
}

function cursorOf(item: ListedItem | undefined): string {
  assert(item !== undefined, 'a page that is not the last has an item')
  return item.kind === 'file' ? item.path : item.prefix
}

function startsWith(bytes: Uint8Array, prefix: Uint8Array): boolean {
  if (bytes.length < prefix.length) return false
  for (let at = 0; at < prefix.length; at++) if (bytes[at] !== prefix[at]) return false
  return true
}
