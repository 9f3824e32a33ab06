import type { Sha256 } from '@holdfast/core/wire/ids.ts'
import { bytesOf } from '../cells.ts'
import { query, type Transaction } from '../transaction.ts'

/** Gives up the claim of a request that failed; what was completed stays. */
export const releaseIdempotency: Transaction<{ readonly keyHash: Sha256 }, void> = {
  name: 'releaseIdempotency',
  *run({ keyHash }) {
    yield* query('DELETE FROM idempotency WHERE key_hash = ? AND status IS NULL', bytesOf(keyHash))
  },
}
