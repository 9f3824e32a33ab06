/**
 * A dead session's block of stripe ids may hold *debris*: shards whose stripe was never committed. They are purged on the
 * nodes, and only then is the session forgotten. That is safe because nothing is committed under a session that ended.
 */
import type { Id, StripeId } from '@holdfast/core/wire/ids.ts'
import { bytesOf, idIn, stripeIdIn } from '../cells.ts'
import { endExpired } from '../sessions.ts'
import { query, type Transaction } from '../transaction.ts'

/** Ends what has expired, and answers all that ended and is not forgotten. */
export const deadSessions: Transaction<{ readonly nowMs: number }, { session: Id }[]> = {
  name: 'deadSessions',
  *run({ nowMs }) {
    yield* endExpired(nowMs)
    const rows = yield* query('SELECT session_id FROM sessions WHERE ended = 1 ORDER BY session_id')
    return rows.map((row) => ({ session: idIn(row, 'session_id') }))
  },
}

export const forgetSession: Transaction<{ readonly session: Id }, void> = {
  name: 'forgetSession',
  *run({ session }) {
    yield* query('DELETE FROM sessions WHERE session_id = ? AND ended = 1', bytesOf(session))
  },
}

/** The stripes of a session that are committed: every other id of its block names debris, once it has ended. */
export const stripesOf: Transaction<{ readonly session: Id }, StripeId[]> = {
  name: 'stripesOf',
  *run({ session }) {
    const rows = yield* query(
      'SELECT stripe_id FROM stripes WHERE stripe_id > ? AND stripe_id <= ? ORDER BY stripe_id',
      bytesOf(session),
      bytesOf(`${session.slice(0, 28)}ffff`),
    )
    return rows.map((row) => stripeIdIn(row, 'stripe_id'))
  },
}
