import type { Id } from '@holdfast/core/wire/ids.ts'
import { byKeys } from '../batches.ts'
import { bytesOf, idIn } from '../cells.ts'
import type { Transaction } from '../transaction.ts'

export interface RenewSessionsArgs {
  readonly sessions: readonly Id[]
  readonly nowMs: number
  readonly leaseMs: number
}

const renewAlive = byKeys(
  'UPDATE sessions SET expires_at = ? WHERE ended = 0 AND session_id IN',
  'RETURNING session_id',
)

/** Answers those that are alive; what stood under the others cannot be committed any more. */
export const renewSessions: Transaction<RenewSessionsArgs, Id[]> = {
  name: 'renewSessions',
  *run({ sessions, nowMs, leaseMs }) {
    const renewed = yield* renewAlive([nowMs + leaseMs], sessions.map(bytesOf))
    return renewed.map((row) => idIn(row, 'session_id'))
  },
}
