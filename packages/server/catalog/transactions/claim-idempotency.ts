import { HoldfastError } from '@holdfast/core/wire/errors.ts'
import type { Id, Sha256 } from '@holdfast/core/wire/ids.ts'
import { bytesOf } from '../cells.ts'
import { type CompletedAnswer, completedAnswer } from '../completed-answers.ts'
import { query, type Transaction } from '../transaction.ts'

export interface ClaimIdempotencyArgs {
  readonly keyHash: Sha256
  readonly session: Id
  readonly nowMs: number
}

export type ClaimIdempotencyResult = { readonly state: 'claimed' } | ({ readonly state: 'done' } & CompletedAnswer)

/**
 * A claim stands as long as its session is alive, which its request holds and its gateway renews, however long the upload takes. Two
 * requests that both came to hold one are still not two versions: the first to commit completes the key, and the other gets
 * its answer.
 * @throws in_progress
 */
export const claimIdempotency: Transaction<ClaimIdempotencyArgs, ClaimIdempotencyResult> = {
  name: 'claimIdempotency',
  *run({ keyHash, session, nowMs }) {
    const completed = yield* completedAnswer(keyHash)
    if (completed !== undefined) return { state: 'done', ...completed }
    const [standing] = yield* query(
      `SELECT i.key_hash FROM idempotency i JOIN sessions s ON s.session_id = i.session_id AND s.ended = 0
       WHERE i.key_hash = ?`,
      bytesOf(keyHash),
    )
    if (standing !== undefined) {
      throw new HoldfastError('in_progress', 'a request with this Idempotency-Key is being worked on')
    }
    yield* query(
      `INSERT INTO idempotency (key_hash, session_id, claimed_at) VALUES (?, ?, ?)
       ON CONFLICT (key_hash) DO UPDATE SET session_id = excluded.session_id, claimed_at = excluded.claimed_at`,
      bytesOf(keyHash),
      bytesOf(session),
      nowMs,
    )
    return { state: 'claimed' }
  },
}
