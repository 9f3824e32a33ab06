/**
 * A dead session's block of stripe ids may hold *debris*: shards whose stripe was never committed, or not with that node. A node is
 * *compared* up to a number when it takes no puts below it any more and what it holds of them was looked through. Nothing is
 * committed under a session that has ended, so that what the catalog does not name then, it never will.
 *
 * Rows of dead sessions say what a node has yet to be compared for. They are kept while a node is away, but no more than a
 * maximum: then the node that is furthest behind has to be walked through all that it holds from the first of their blocks on. A walk
 * that is under way goes on from where it is, unless one of the blocks lies before that; ids grow with time, so that it comes to an end
 * however many sessions die meanwhile.
 */
import { assert } from '@holdfast/core/wire/assert.ts'
import type { Id } from '@holdfast/core/wire/ids.ts'
import { bytesOf, idIn, numberIn, orNull } from '../cells.ts'
import { currentSequence } from '../sequence.ts'
import { endExpired, oldestAliveSequence } from '../sessions.ts'
import { query, type Steps, type Transaction } from '../transaction.ts'

/** Ends what has expired. Every session that was opened below the number that it answers has ended. */
export const closeSessions: Transaction<{ readonly nowMs: number }, number> = {
  name: 'closeSessions',
  *run({ nowMs }) {
    yield* endExpired(nowMs)
    return Math.min(yield* oldestAliveSequence(), yield* currentSequence())
  },
}

export interface DeadSessionsArgs {
  readonly from: number
  readonly below: number
  readonly limit: number
}

export interface DeadSession {
  readonly session: Id
  readonly sequence: number
}

/** In the order in which they were opened. */
export const deadSessions: Transaction<DeadSessionsArgs, DeadSession[]> = {
  name: 'deadSessions',
  *run({ from, below, limit }) {
    const rows = yield* query(
      'SELECT session_id, sequence FROM sessions WHERE ended = 1 AND sequence >= ? AND sequence < ? ORDER BY sequence LIMIT ?',
      from,
      below,
      limit,
    )
    return rows.map((row) => ({ session: idIn(row, 'session_id'), sequence: numberIn(row, 'sequence') }))
  },
}

export interface ForgetSessionsArgs {
  readonly below: number
  readonly keptMax: number
}

/** Forgets those for which every node was compared, and where more than `keptMax` are left, has the nodes furthest behind walked. */
export const forgetSessions: Transaction<ForgetSessionsArgs, void> = {
  name: 'forgetSessions',
  *run({ below, keptMax }) {
    for (;;) {
      const behind = yield* furthestBehind()
      const needed = Math.min(behind ?? below, below)
      yield* query('DELETE FROM sessions WHERE ended = 1 AND sequence < ?', needed)
      const [kept] = yield* query('SELECT count(*) AS dead FROM sessions WHERE ended = 1 AND sequence < ?', below)
      if (behind === null || kept === undefined || numberIn(kept, 'dead') <= keptMax) return
      yield* walkInstead(behind, below)
    }
  },
}

/** Their rows are not needed then. */
function* walkInstead(behind: number, below: number): Steps<void> {
  const [first] = yield* query(
    'SELECT session_id FROM sessions WHERE ended = 1 AND sequence >= ? AND sequence < ? ORDER BY session_id LIMIT 1',
    behind,
    below,
  )
  assert(first !== undefined, 'a node is behind for a session that is kept')
  const from = bytesOf(idIn(first, 'session_id'))
  yield* query(
    `UPDATE nodes SET compared_to = ?, walked_to = CASE WHEN walked_to < ? THEN walked_to ELSE ? END
     WHERE compared_to = ?`,
    below,
    from,
    from,
    behind,
  )
}

/** Up to where every node was compared that ever was. */
function* furthestBehind(): Steps<number | null> {
  const [row] = yield* query('SELECT min(compared_to) AS behind FROM nodes WHERE compared_to > 0')
  return (row && orNull(row, 'behind', numberIn)) ?? null
}
