/**
 * The walk that both halves of collection make: over what the counts say is referred to by nothing, in order of the keys. A call
 * looks at a bounded number of rows, so that it stays short where most of them must wait, and says how far it came.
 */
import { asId } from '@holdfast/core/wire/ids.ts'
import { bytesIn, bytesOf, hexOf } from './cells.ts'
import { query, type Row, type Steps } from './transaction.ts'
import type { CollectionPosition } from './transactions/condemn.ts'

const LOOKED_AT_MAX = 5000

export const COLLECTED = ['pages', 'chunks', 'stripes'] as const
export type Collected = (typeof COLLECTED)[number]

export interface Walk {
  /** Where the walk before came to; without it one begins. */
  readonly after: CollectionPosition | null | undefined
  /** How much is chosen at most; a row counts as `weights` says. */
  readonly limit: number
  readonly weights: Readonly<Record<Collected, number>>
  readonly choose: (row: Row, table: Collected) => boolean
}

export interface Walked {
  /** Rows with `bucket_id`, `id` and `condemned`, and but for pages `stripe_id`. */
  readonly chosen: Readonly<Record<Collected, Row[]>>
  /** Null where the walk came to its end. */
  readonly next: CollectionPosition | null
}

const NO_ID = asId('0'.repeat(32))

const CANDIDATES: Readonly<Record<Collected, string>> = {
  pages: `SELECT bucket_id, page_id AS id, condemned FROM pages
    WHERE refs = 0 AND (bucket_id, page_id) > (?, ?) ORDER BY bucket_id, page_id LIMIT ?`,
  chunks: `SELECT bucket_id, chunk_id AS id, condemned, stripe_id FROM chunks
    WHERE refs = 0 AND (bucket_id, chunk_id) > (?, ?) ORDER BY bucket_id, chunk_id LIMIT ?`,
  stripes: `SELECT bucket_id, stripe_id AS id, condemned, stripe_id FROM stripes
    WHERE live_chunks = 0 AND stripe_id > ? ORDER BY stripe_id LIMIT ?`,
}

export function* walkCandidates({ after, limit, weights, choose }: Walk): Steps<Walked> {
  const chosen: Record<Collected, Row[]> = { pages: [], chunks: [], stripes: [] }
  let position: CollectionPosition | null = after ?? beginOf('pages')
  let room = limit
  for (let lookedAt = 0; position !== null && room > 0 && lookedAt < LOOKED_AT_MAX; ) {
    const { table }: CollectionPosition = position
    const asked = Math.ceil(room / weights[table])
    const rows: Row[] = yield* candidates(position, asked)
    const wanted = rows.filter((row) => choose(row, table))
    chosen[table].push(...wanted)
    room -= wanted.length * weights[table]
    lookedAt += rows.length
    position = rows.length < asked ? beginOf(COLLECTED[COLLECTED.indexOf(table) + 1]) : positionAt(table, rows.at(-1))
  }
  return { chosen, next: position }
}

/** The keys of `rows`, by bucket: what one statement changes at once. */
export function keysByBucket(rows: readonly Row[]): (readonly [bucket: Uint8Array, keys: Uint8Array[]])[] {
  const buckets = Map.groupBy(rows, (row) => hexOf(bytesIn(row, 'bucket_id')))
  return [...buckets].map(([bucket, inBucket]) => [bytesOf(bucket), inBucket.map((row) => bytesIn(row, 'id'))])
}

function candidates({ table, bucket, id }: CollectionPosition, limit: number): Steps<Row[]> {
  const from = table === 'stripes' ? [bytesOf(id)] : [bytesOf(bucket), bytesOf(id)]
  return query(CANDIDATES[table], ...from, limit)
}

function beginOf(table: Collected | undefined): CollectionPosition | null {
  return table === undefined ? null : { table, bucket: NO_ID, id: '' }
}

function positionAt(table: Collected, row: Row | undefined): CollectionPosition | null {
  if (row === undefined) return null
  return { table, bucket: asId(hexOf(bytesIn(row, 'bucket_id'))), id: hexOf(bytesIn(row, 'id')) }
}
