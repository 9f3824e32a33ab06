import { assert } from '@holdfast/core/wire/assert.ts'
import type { Id, StripeId } from '@holdfast/core/wire/ids.ts'
import { bytesOf, numberIn } from '../cells.ts'
import type { NodeRow, SegmentEnd } from '../rows.ts'
import { knownEnds, setEnds } from '../segment-ends.ts'
import { recentAfter } from '../sessions.ts'
import { query, type Steps, type Transaction } from '../transaction.ts'
import { nodeRow } from './list-nodes.ts'

export interface NodeStartedArgs {
  readonly node: Id
  readonly disk: Id
  readonly zone: string
  readonly name: string
  readonly starts: number
  readonly start: Id
  readonly segmentEnds: readonly SegmentEnd[]
  readonly capacityBytes: number
  readonly freeBytes: number
  readonly nowMs: number
}

export interface NodeStartedResult {
  readonly number: number
  readonly verdict: 'new' | 'current' | 'rolled_back' | 'cloned'
  /** Of a current one: what it acknowledged behind this stripe is to be compared before it serves. */
  readonly recentAfter: StripeId | null
}

/**
 * A node tells what its disk is, which start of it this is, and how far it was written. A disk that is behind what was last seen of it was
 * rolled back, and stays marked so, however far it is written afterwards, until someone has compared what it holds with the catalog.
 * Whoever did not hear the answer tells the same start again, which changes nothing. A disk under another node's id, or the other
 * way round, is a copy.
 */
export const nodeStarted: Transaction<NodeStartedArgs, NodeStartedResult> = {
  name: 'nodeStarted',
  *run(args) {
    const rows = yield* query(
      'SELECT * FROM nodes WHERE node_id = ? OR disk_id = ?',
      bytesOf(args.node),
      bytesOf(args.disk),
    )
    const [row] = rows
    if (row === undefined) return { number: yield* addNode(args), verdict: 'new', recentAfter: null }
    const known = nodeRow(row)
    const { number } = known
    if (rows.length > 1 || known.node !== args.node || known.disk !== args.disk)
      return { number, verdict: 'cloned', recentAfter: null }
    if (known.rolledBackAt !== null) {
      yield* compareAnew(number)
      return { number, verdict: 'rolled_back', recentAfter: null }
    }
    const ends = yield* knownEnds(number)
    if (isEarlier(args, known) || isBehind(args.segmentEnds, ends)) {
      yield* query('UPDATE nodes SET rolled_back_at = ? WHERE number = ?', args.nowMs, number)
      yield* compareAnew(number)
      return { number, verdict: 'rolled_back', recentAfter: null }
    }
    yield* setEnds(number, ends, args.segmentEnds)
    yield* query(
      `UPDATE nodes SET starts = ?, start_id = ?, capacity_bytes = ?, free_bytes = ?, state = 'online', seen_at = ?
       WHERE number = ?`,
      args.starts,
      bytesOf(args.start),
      args.capacityBytes,
      args.freeBytes,
      args.nowMs,
      number,
    )
    return { number, verdict: 'current', recentAfter: known.recentAfter }
  },
}

/** What was purged from a disk before it went back may be there again, and a marked one may go back any number of times. */
function* compareAnew(node: number): Steps<void> {
  yield* query('UPDATE nodes SET compared_to = 0, walked_to = NULL WHERE number = ?', node)
}

/** A disk that went back counts up again: what it then calls by a number that is known is another start. */
function isEarlier({ starts, start }: NodeStartedArgs, known: NodeRow): boolean {
  return starts < known.starts || (starts === known.starts && start !== known.start)
}

/**
 * A disk that is behind lacks the end of what it wrote. A segment that is shorter tells, and so does the last one where it is
 * silent: compaction takes earlier ones only, and of these a node that has lost its index knows nothing any more.
 */
function isBehind(ends: readonly SegmentEnd[], seen: readonly SegmentEnd[]): boolean {
  const now = new Map(ends.map((end) => [end.segment, end.bytes]))
  const isShorter = seen.some(({ segment, bytes }) => (now.get(segment) ?? bytes) < bytes)
  return isShorter || lastOf(seen) > lastOf(ends)
}

function lastOf(ends: readonly SegmentEnd[]): number {
  return ends.reduce((last, { segment }) => Math.max(last, segment), 0)
}

/** Rows of nodes are never deleted, so the next number was never used. */
function* addNode(args: NodeStartedArgs): Steps<number> {
  const [row] = yield* query(
    `INSERT INTO nodes (number, node_id, disk_id, name, zone, region, weight, state, capacity_bytes, free_bytes, starts,
       start_id, joined_at, seen_at, compared_to, recent_after)
     VALUES ((SELECT COALESCE(max(number), 0) + 1 FROM nodes), ?, ?, ?, ?, '', 1, 'online', ?, ?, ?, ?, ?, ?, 0, ?)
     RETURNING number`,
    bytesOf(args.node),
    bytesOf(args.disk),
    args.name,
    args.zone,
    args.capacityBytes,
    args.freeBytes,
    args.starts,
    bytesOf(args.start),
    args.nowMs,
    args.nowMs,
    bytesOf(yield* recentAfter(args.nowMs)),
  )
  assert(row !== undefined, 'an inserted node has a number')
  const number = numberIn(row, 'number')
  yield* setEnds(number, [], args.segmentEnds)
  return number
}
