/**
 * Idempotency-Keys inside a commit: a key that was completed gives its answer again, and the commit that completes one keeps its
 * whole answer in the same transaction. `transactions/claim-idempotency.ts` claims them before.
 */
import { HoldfastError } from '@holdfast/core/wire/errors.ts'
import type { Sha256 } from '@holdfast/core/wire/ids.ts'
import { bytesOf, numberIn, sha256In, textIn } from './cells.ts'
import type { Change, Idempotency } from './rows.ts'
import { query, type Steps } from './transaction.ts'

export interface CompletedAnswer {
  readonly status: number
  /** JSON. */
  readonly answer: string
  readonly bodySha256: Sha256
}

export function* completedAnswer(keyHash: Sha256): Steps<CompletedAnswer | undefined> {
  const [row] = yield* query(
    'SELECT status, answer, body_sha256 FROM idempotency WHERE key_hash = ? AND status IS NOT NULL',
    bytesOf(keyHash),
  )
  if (row === undefined) return undefined
  return { status: numberIn(row, 'status'), answer: textIn(row, 'answer'), bodySha256: sha256In(row, 'body_sha256') }
}

/** The answer of an earlier commit under the same key and with the same body. @throws idempotency_mismatch */
export function* answeredBefore(idempotency: Idempotency | undefined): Steps<string | undefined> {
  if (idempotency === undefined) return undefined
  const completed = yield* completedAnswer(idempotency.keyHash)
  if (completed === undefined) return undefined
  if (completed.bodySha256 !== idempotency.bodySha256) {
    throw new HoldfastError('idempotency_mismatch', 'this Idempotency-Key was used with another body')
  }
  return completed.answer
}

/** Completes a key, which grows old from now on. Where its claim was pruned meanwhile, the row is written anew, under no session, for it needs none any more. */
export function* keepAnswer(
  idempotency: Idempotency | undefined,
  change: Change,
  { status, answer }: { status: number; answer: object },
): Steps<void> {
  if (idempotency === undefined) return
  yield* query(
    `INSERT INTO idempotency (key_hash, session_id, claimed_at, body_sha256, status, answer) VALUES (?, ?, ?, ?, ?, ?)
     ON CONFLICT (key_hash) DO UPDATE SET claimed_at = excluded.claimed_at, body_sha256 = excluded.body_sha256,
       status = excluded.status, answer = excluded.answer`,
    bytesOf(idempotency.keyHash),
    bytesOf(change.changeId),
    change.atMs,
    bytesOf(idempotency.bodySha256),
    status,
    JSON.stringify(answer),
  )
}
