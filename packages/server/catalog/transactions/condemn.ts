/**
 * Collection's first half. A chunk or page without references, and a stripe without chunks, is marked with a new sequence number;
 * `reap.ts` deletes it when no session that was opened before can rely on it any more.
 *
 * Candidates come from the counts, and each is proven by the rows that would refer to it. What belongs to a stripe whose session
 * is alive is left alone: its upload has not come to its version yet.
 */
import { asId, type Id } from '@holdfast/core/wire/ids.ts'
import { queryByKeys } from '../batches.ts'
import { bytesIn, bytesOf, hexOf, stripeIdIn } from '../cells.ts'
import { currentSequence, nextSequence } from '../sequence.ts'
import { aliveSessions, endExpired } from '../sessions.ts'
import { query, type Row, type Steps, type Transaction } from '../transaction.ts'

/** Candidates that one call looks at, so that it stays short where most of them belong to sessions that are alive. */
const LOOKED_AT_MAX = 10_000

const TABLES = ['pages', 'chunks', 'stripes'] as const
type Table = (typeof TABLES)[number]

/** How far a pass has come: everything up to this row was looked at. */
export interface CollectionPosition {
  readonly table: Table
  readonly bucket: Id
  readonly id: string
}

export interface CondemnArgs {
  readonly nowMs: number
  /** Rows that one call marks at most. */
  readonly limit: number
  /** `next` of the call before; without it a pass begins. */
  readonly after?: CollectionPosition | null
}

export interface CondemnResult {
  readonly sequence: number
  readonly chunks: number
  readonly pages: number
  readonly stripes: number
  /** Null when the pass has come to its end. */
  readonly next: CollectionPosition | null
}

const NOTHING = asId('0'.repeat(32))

const CANDIDATES: Record<Table, string> = {
  pages: `SELECT p.bucket_id, p.page_id AS id FROM pages p
    WHERE p.refs = 0 AND p.condemned IS NULL AND (p.bucket_id, p.page_id) > (?, ?)
      AND NOT EXISTS (SELECT 1 FROM page_refs r WHERE r.bucket_id = p.bucket_id AND r.page_id = p.page_id)
    ORDER BY p.bucket_id, p.page_id LIMIT ?`,
  chunks: `SELECT c.bucket_id, c.chunk_id AS id, c.stripe_id FROM chunks c
    WHERE c.refs = 0 AND c.condemned IS NULL AND (c.bucket_id, c.chunk_id) > (?, ?)
      AND NOT EXISTS (SELECT 1 FROM chunk_refs r WHERE r.bucket_id = c.bucket_id AND r.chunk_id = c.chunk_id)
    ORDER BY c.bucket_id, c.chunk_id LIMIT ?`,
  stripes: `SELECT s.bucket_id, s.stripe_id AS id, s.stripe_id FROM stripes s
    WHERE s.live_chunks = 0 AND s.condemned IS NULL AND s.stripe_id > ? ORDER BY s.stripe_id LIMIT ?`,
}

export const condemn: Transaction<CondemnArgs, CondemnResult> = {
  name: 'condemn',
  *run({ nowMs, limit, after }) {
    yield* endExpired(nowMs)
    const isAlive = yield* aliveSessions()
    const marked: Record<Table, Row[]> = { pages: [], chunks: [], stripes: [] }
    let position: CollectionPosition | null = after ?? { table: 'pages', bucket: NOTHING, id: '' }
    let room = limit
    for (let lookedAt = 0; position !== null && room > 0 && lookedAt < LOOKED_AT_MAX; ) {
      const { table }: CollectionPosition = position
      const asked = room
      const rows: Row[] = yield* candidates(position, asked)
      const marks = rows.filter((row) => table === 'pages' || !isAlive(stripeIdIn(row, 'stripe_id')))
      marked[table].push(...marks)
      room -= marks.length
      lookedAt += rows.length
      position = rows.length < asked ? beginOf(TABLES[TABLES.indexOf(table) + 1]) : positionAt(table, rows.at(-1))
    }
    const count = limit - room
    const sequence = count === 0 ? yield* currentSequence() : yield* nextSequence()
    yield* mark('pages', 'page_id', marked.pages, sequence)
    yield* mark('chunks', 'chunk_id', marked.chunks, sequence)
    yield* mark('stripes', 'stripe_id', marked.stripes, sequence)
    return {
      sequence,
      chunks: marked.chunks.length,
      pages: marked.pages.length,
      stripes: marked.stripes.length,
      next: position,
    }
  },
}

function* candidates({ table, bucket, id }: CollectionPosition, limit: number): Steps<Row[]> {
  const from = table === 'stripes' ? [bytesOf(id)] : [bytesOf(bucket), bytesOf(id)]
  return yield* query(CANDIDATES[table], ...from, limit)
}

function beginOf(table: Table | undefined): CollectionPosition | null {
  return table === undefined ? null : { table, bucket: NOTHING, id: '' }
}

function positionAt(table: Table, row: Row | undefined): CollectionPosition | null {
  if (row === undefined) return null
  return { table, bucket: asId(hexOf(bytesIn(row, 'bucket_id'))), id: hexOf(bytesIn(row, 'id')) }
}

function* mark(table: Table, key: string, rows: readonly Row[], sequence: number): Steps<void> {
  for (const [bucket, inBucket] of Map.groupBy(rows, (row) => hexOf(bytesIn(row, 'bucket_id')))) {
    yield* queryByKeys(
      `UPDATE ${table} SET condemned = ? WHERE bucket_id = ? AND ${key} IN`,
      [sequence, bytesOf(bucket)],
      inBucket.map((row) => bytesIn(row, 'id')),
    )
  }
}
