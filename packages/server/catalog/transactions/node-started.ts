import { assert } from '@holdfast/core/wire/assert.ts'
import type { Id } from '@holdfast/core/wire/ids.ts'
import { bytesOf, numberIn } from '../cells.ts'
import type { NodeRow, SegmentEnd } from '../rows.ts'
import { query, type Steps, type Transaction } from '../transaction.ts'
import { nodeRow } from './list-nodes.ts'

export interface NodeStartedArgs {
  readonly node: Id
  readonly disk: Id
  readonly zone: string
  readonly name: string
  readonly starts: number
  readonly segmentEnds: readonly SegmentEnd[]
  readonly capacityBytes: number
  readonly freeBytes: number
  readonly nowMs: number
}

export interface NodeStartedResult {
  readonly number: number
  readonly verdict: 'new' | 'current' | 'rolled_back' | 'cloned'
}

/**
 * A node tells what its disk is and how far it was written. A disk that is behind what was last seen of it was rolled back: nothing of
 * it is recorded, so that it stays so until an inventory was done and `nodeSeen` reports its ends. A disk under another
 * node's id, or the other way round, is a copy.
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
    if (row === undefined) return { number: yield* addNode(args), verdict: 'new' }
    const known = nodeRow(row)
    const { number } = known
    if (rows.length > 1 || known.node !== args.node || known.disk !== args.disk) return { number, verdict: 'cloned' }
    if (args.starts <= known.starts || isBehind(args.segmentEnds, known)) return { number, verdict: 'rolled_back' }
    yield* query(
      `UPDATE nodes SET starts = ?, segment_ends = ?, capacity_bytes = ?, free_bytes = ?, state = 'online', seen_at = ?
       WHERE number = ?`,
      args.starts,
      JSON.stringify(args.segmentEnds),
      args.capacityBytes,
      args.freeBytes,
      args.nowMs,
      number,
    )
    return { number, verdict: 'current' }
  },
}

/**
 * A disk that is behind lacks the end of what it wrote. A segment that is shorter tells, and so does the last one where it is
 * silent: compaction takes earlier ones only, and of these a node that has lost its index knows nothing any more.
 */
function isBehind(ends: readonly SegmentEnd[], { segmentEnds }: NodeRow): boolean {
  const now = new Map(ends.map((end) => [end.segment, end.bytes]))
  const seen = segmentEnds.filter(({ bytes }) => bytes > 0)
  const isShorter = seen.some(({ segment, bytes }) => (now.get(segment) ?? 0) !== 0 && (now.get(segment) ?? 0) < bytes)
  const last = Math.max(0, ...seen.map(({ segment }) => segment))
  return isShorter || last > Math.max(0, ...now.keys())
}

/** Rows of nodes are never deleted, so the next number was never used. */
function* addNode(args: NodeStartedArgs): Steps<number> {
  const [row] = yield* query(
    `INSERT INTO nodes (number, node_id, disk_id, name, zone, region, weight, state, capacity_bytes, free_bytes, starts,
       segment_ends, joined_at, seen_at)
     VALUES ((SELECT COALESCE(max(number), 0) + 1 FROM nodes), ?, ?, ?, ?, '', 1, 'online', ?, ?, ?, ?, ?, ?)
     RETURNING number`,
    bytesOf(args.node),
    bytesOf(args.disk),
    args.name,
    args.zone,
    args.capacityBytes,
    args.freeBytes,
    args.starts,
    JSON.stringify(args.segmentEnds),
    args.nowMs,
    args.nowMs,
  )
  assert(row !== undefined, 'an inserted node has a number')
  return numberIn(row, 'number')
}
