/**
 * A dead session's block of stripe ids may hold *debris*: shards whose stripe was never committed. They are purged on the
 * nodes, and only then is the session forgotten. That is safe because nothing is committed under a session that ended.
 */
import type { Id, StripeId } from '@holdfast/core/wire/ids.ts'
import { bytesIn, bytesOf, idIn, stripeIdIn } from '../cells.ts'
import { unpackShards } from '../packed-shards.ts'
import { endExpired } from '../sessions.ts'
import { query, type Transaction } from '../transaction.ts'

/** Ends what has expired, and answers what ended and is not forgotten, the oldest first. */
export const deadSessions: Transaction<{ readonly nowMs: number; readonly limit: number }, { session: Id }[]> = {
  name: 'deadSessions',
  *run({ nowMs, limit }) {
    yield* endExpired(nowMs)
    const rows = yield* query('SELECT session_id FROM sessions WHERE ended = 1 ORDER BY session_id LIMIT ?', limit)
    return rows.map((row) => ({ session: idIn(row, 'session_id') }))
  },
}

export const forgetSession: Transaction<{ readonly session: Id }, void> = {
  name: 'forgetSession',
  *run({ session }) {
    yield* query('DELETE FROM sessions WHERE session_id = ? AND ended = 1', bytesOf(session))
  },
}

/**
 * Where the committed stripes of a session have their shards, or expect them: whatever else a node holds of its block is debris, once
 * the session has ended. That may be a whole stripe, or the copy on a node that was replaced because it was silent.
 */
export const shardsOf: Transaction<{ readonly session: Id }, { stripe: StripeId; index: number; node: number }[]> = {
  name: 'shardsOf',
  *run({ session }) {
    const rows = yield* query(
      'SELECT stripe_id, shards FROM stripes WHERE stripe_id > ? AND stripe_id <= ? ORDER BY stripe_id',
      bytesOf(session),
      bytesOf(`${session.slice(0, 28)}ffff`),
    )
    return rows.flatMap((row) => {
      const stripe = stripeIdIn(row, 'stripe_id')
      return unpackShards(bytesIn(row, 'shards')).map(({ index, node }) => ({ stripe, index, node }))
    })
  },
}
