import type { Id } from '@holdfast/core/wire/ids.ts'
import { bytesOf } from '../cells.ts'
import { query, type Transaction } from '../transaction.ts'

export interface EndSessionArgs {
  readonly session: Id
  /** No stripe was written under it, so that no node need be compared for it: it is forgotten at once. */
  readonly isUnused?: boolean
}

export const endSession: Transaction<EndSessionArgs, void> = {
  name: 'endSession',
  *run({ session, isUnused = false }) {
    if (isUnused) yield* query('DELETE FROM sessions WHERE session_id = ?', bytesOf(session))
    else yield* query('UPDATE sessions SET ended = 1 WHERE session_id = ?', bytesOf(session))
  },
}

/** Ends what other gateways than `gateway` opened; without it everything, as one process does that starts alone. */
export const endSessionsOf: Transaction<{ readonly gateway?: Id }, void> = {
  name: 'endSessionsOf',
  *run({ gateway }) {
    if (gateway === undefined) yield* query('UPDATE sessions SET ended = 1 WHERE ended = 0')
    else yield* query('UPDATE sessions SET ended = 1 WHERE ended = 0 AND gateway_id <> ?', bytesOf(gateway))
  },
}
