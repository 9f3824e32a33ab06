import type { Id } from '@holdfast/core/wire/ids.ts'
import { bytesOf } from '../cells.ts'
import { query, type Transaction } from '../transaction.ts'

export interface PruneOutboxArgs {
  readonly beforeId: Id
  readonly limit: number
}

/** A row that has no number yet was read by nobody, and stays. Answers how many went. */
export const pruneOutbox: Transaction<PruneOutboxArgs, number> = {
  name: 'pruneOutbox',
  *run({ beforeId, limit }) {
    const pruned = yield* query(
      `DELETE FROM outbox WHERE change_id IN
         (SELECT change_id FROM outbox WHERE change_id < ? AND number IS NOT NULL ORDER BY change_id LIMIT ?)
       RETURNING change_id`,
      bytesOf(beforeId),
      limit,
    )
    return pruned.length
  },
}

export interface PruneIdempotencyArgs {
  readonly beforeMs: number
  readonly limit: number
}

/** Completed keys and claims alike go by their age. Answers how many went. */
export const pruneIdempotency: Transaction<PruneIdempotencyArgs, number> = {
  name: 'pruneIdempotency',
  *run({ beforeMs, limit }) {
    const pruned = yield* query(
      `DELETE FROM idempotency WHERE key_hash IN
         (SELECT key_hash FROM idempotency WHERE claimed_at < ? ORDER BY claimed_at LIMIT ?)
       RETURNING key_hash`,
      beforeMs,
      limit,
    )
    return pruned.length
  },
}
