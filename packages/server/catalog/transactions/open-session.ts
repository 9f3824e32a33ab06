import type { Id } from '@holdfast/core/wire/ids.ts'
import { bytesOf } from '../cells.ts'
import { nextSequence } from '../sequence.ts'
import { query, type Transaction } from '../transaction.ts'

export interface OpenSessionArgs {
  readonly session: Id
  readonly gateway: Id
  readonly nowMs: number
  readonly leaseMs: number
}

/** The number that it opens at is the order of all puts under it, and what collection waits by. */
export const openSession: Transaction<OpenSessionArgs, { sequence: number }> = {
  name: 'openSession',
  *run({ session, gateway, nowMs, leaseMs }) {
    const sequence = yield* nextSequence()
    yield* query(
      'INSERT INTO sessions (session_id, gateway_id, sequence, opened_at, expires_at, ended) VALUES (?, ?, ?, ?, ?, 0)',
      bytesOf(session),
      bytesOf(gateway),
      sequence,
      nowMs,
      nowMs + leaseMs,
    )
    return { sequence }
  },
}
