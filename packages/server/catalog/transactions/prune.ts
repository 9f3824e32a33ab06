import type { Id } from '@holdfast/core/wire/ids.ts'
import { bytesOf, idIn } from '../cells.ts'
import { query, type Transaction } from '../transaction.ts'

export interface OutboxHorizonArgs {
  readonly beforeMs: number
  /** The newest so many may stay. */
  readonly keptRows: number
}

/** The last change that is too old, or one too many; null where none is. */
export const outboxHorizon: Transaction<OutboxHorizonArgs, Id | null> = {
  name: 'outboxHorizon',
  *run({ beforeMs, keptRows }) {
    const [tooOld] = yield* query(
      'SELECT change_id FROM outbox WHERE change_id < ? ORDER BY change_id DESC LIMIT 1',
      bytesOf(firstIdAt(beforeMs)),
    )
    // The rows are counted in an index of their ids alone, for each of them is long.
    const [tooMany] = yield* query(
      'SELECT change_id FROM outbox WHERE number IS NULL ORDER BY change_id DESC LIMIT 1 OFFSET ?',
      keptRows,
    )
    const ids = [tooOld, tooMany].filter((row) => row !== undefined).map((row) => idIn(row, 'change_id'))
    return ids.sort().at(-1) ?? null
  },
}

export interface PruneOutboxArgs {
  readonly upTo: Id
  readonly limit: number
}

/**
 * Takes the oldest changes, and counts how many ever went: the numbers by which readers ask go on from there, so that who asks for one
 * that went is told so, and is not given the next as if nothing were missing. Answers how many went.
 */
export const pruneOutbox: Transaction<PruneOutboxArgs, number> = {
  name: 'pruneOutbox',
  *run({ upTo, limit }) {
    const pruned = yield* query(
      `DELETE FROM outbox WHERE change_id IN
         (SELECT change_id FROM outbox WHERE change_id <= ? ORDER BY change_id LIMIT ?)
       RETURNING change_id`,
      bytesOf(upTo),
      limit,
    )
    if (pruned.length > 0) yield* query('UPDATE cluster SET changes_gone = changes_gone + ?', pruned.length)
    return pruned.length
  },
}

/** Below every id that is made from then on. */
function firstIdAt(ms: number): string {
  return ms.toString(16).padStart(12, '0').padEnd(32, '0')
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
