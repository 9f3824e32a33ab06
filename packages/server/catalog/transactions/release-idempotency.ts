import type { Id, Sha256 } from '@holdfast/core/wire/ids.ts'
import { bytesOf } from '../cells.ts'
import { query, type Transaction } from '../transaction.ts'

export interface ReleaseIdempotencyArgs {
  readonly keyHash: Sha256
  /** Under which the key was claimed, and when: another request may hold the key by now. */
  readonly session: Id
  readonly claimedAt: number
}

/** Gives up the claim of a request that failed; what was completed stays. */
export const releaseIdempotency: Transaction<ReleaseIdempotencyArgs, void> = {
  name: 'releaseIdempotency',
  *run({ keyHash, session, claimedAt }) {
    yield* query(
      'DELETE FROM idempotency WHERE key_hash = ? AND session_id = ? AND claimed_at = ? AND status IS NULL',
      bytesOf(keyHash),
      bytesOf(session),
      claimedAt,
    )
  },
}
