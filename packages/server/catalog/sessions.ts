/**
 * A session is alive until its row says that it ended, or is gone: an expiry counts from the moment when `endExpired` has
 * written it down, so that every transaction sees the same, whatever its gateway's clock shows.
 */
import { HoldfastError } from '@holdfast/core/wire/errors.ts'
import { asStripeId, firstIdOf, type Id, type StripeId, sessionOf } from '@holdfast/core/wire/ids.ts'
import { bytesOf, idIn, numberIn, orNull } from './cells.ts'
import { query, type Steps } from './transaction.ts'

/** Ends every session whose lease has run out. */
export function* endExpired(nowMs: number): Steps<void> {
  yield* query('UPDATE sessions SET ended = 1 WHERE ended = 0 AND expires_at <= ?', nowMs)
}

/** Says whether the session that a stripe was written under is alive. */
export function* aliveSessions(): Steps<(stripe: StripeId) => boolean> {
  const rows = yield* query('SELECT session_id FROM sessions WHERE ended = 0')
  const alive = new Set<Id>(rows.map((row) => idIn(row, 'session_id')))
  return (stripe) => alive.has(sessionOf(stripe))
}

/** What was condemned below this number can be known to no session that is alive. */
export function* oldestAliveSequence(): Steps<number> {
  const [row] = yield* query('SELECT min(sequence) AS oldest FROM sessions WHERE ended = 0')
  return (row && orNull(row, 'oldest', numberIn)) ?? Number.MAX_SAFE_INTEGER
}

/** Answers the number that the session was opened at. @throws session_ended */
export function* requireAlive(session: Id): Steps<number> {
  const [row] = yield* query('SELECT sequence FROM sessions WHERE session_id = ? AND ended = 0', bytesOf(session))
  if (row === undefined) throw sessionEnded()
  return numberIn(row, 'sequence')
}

export function sessionEnded(): HoldfastError {
  return new HoldfastError('session_ended', 'the session under which this was written has ended; send it again')
}

/** Every stripe that is written from now on comes behind this one: it belongs to a session that is alive, or to a later one. */
export function* recentAfter(nowMs: number): Steps<StripeId> {
  const [row] = yield* query('SELECT session_id FROM sessions WHERE ended = 0 ORDER BY session_id LIMIT 1')
  const [first, oldest] = [firstIdOf(nowMs), row && idIn(row, 'session_id')]
  return asStripeId(oldest !== undefined && oldest < first ? oldest : first)
}
