/**
 * Collection's first half. A chunk or page without references, and a stripe without chunks, is marked with a new sequence number;
 * `reap.ts` deletes it when no session that was opened before can rely on it any more.
 *
 * Candidates come from the counts, and each is proven by the rows that would refer to it. What belongs to a stripe whose session
 * is alive is left alone: its upload has not come to its version yet.
 */
import type { Id } from '@holdfast/core/wire/ids.ts'
import { byKeys } from '../batches.ts'
import { stripeIdIn } from '../cells.ts'
import { COLLECTED, type Collected, keysByBucket, walkCandidates } from '../collection-walk.ts'
import { CHUNK_UNHELD } from '../references.ts'
import { currentSequence, nextSequence } from '../sequence.ts'
import { aliveSessions, endExpired } from '../sessions.ts'
import type { Row, Steps, Transaction } from '../transaction.ts'

/** How far a pass has come: everything up to this row was looked at. */
export interface CollectionPosition {
  readonly table: Collected
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

const MARK: Readonly<Record<Collected, ReturnType<typeof byKeys>>> = {
  pages: byKeys(
    `UPDATE pages SET condemned = ? WHERE bucket_id = ? AND refs = 0
       AND NOT EXISTS (SELECT 1 FROM page_refs r WHERE r.bucket_id = pages.bucket_id AND r.page_id = pages.page_id)
       AND page_id IN`,
    'RETURNING condemned',
  ),
  chunks: byKeys(
    `UPDATE chunks SET condemned = ? WHERE bucket_id = ? AND refs = 0 AND ${CHUNK_UNHELD} AND chunk_id IN`,
    'RETURNING condemned',
  ),
  stripes: byKeys(
    'UPDATE stripes SET condemned = ? WHERE bucket_id = ? AND live_chunks = 0 AND stripe_id IN',
    'RETURNING condemned',
  ),
}

export const condemn: Transaction<CondemnArgs, CondemnResult> = {
  name: 'condemn',
  *run({ nowMs, limit, after }) {
    yield* endExpired(nowMs)
    const isAlive = yield* aliveSessions()
    const { chosen, next } = yield* walkCandidates({
      after,
      limit,
      weights: { pages: 1, chunks: 1, stripes: 1 },
      choose: (row, table) =>
        row['condemned'] === null && (table === 'pages' || !isAlive(stripeIdIn(row, 'stripe_id'))),
    })
    const isNothing = COLLECTED.every((table) => chosen[table].length === 0)
    const sequence = isNothing ? yield* currentSequence() : yield* nextSequence()
    const pages = yield* mark('pages', chosen.pages, sequence)
    const chunks = yield* mark('chunks', chosen.chunks, sequence)
    const stripes = yield* mark('stripes', chosen.stripes, sequence)
    return { sequence, chunks, pages, stripes, next }
  },
}

function* mark(table: Collected, rows: readonly Row[], sequence: number): Steps<number> {
  let marked = 0
  for (const [bucket, keys] of keysByBucket(rows)) {
    marked += (yield* MARK[table]([sequence, bucket], keys)).length
  }
  return marked
}
