import type { SegmentEnd } from '../rows.ts'
import { query, type Transaction } from '../transaction.ts'

export interface NodeSeenArgs {
  readonly number: number
  readonly state: string
  readonly capacityBytes: number
  readonly freeBytes: number
  readonly segmentEnds: readonly SegmentEnd[]
  readonly nowMs: number
}

/** A heartbeat. What it says of the segments' ends is what the node's next start is measured by. */
export const nodeSeen: Transaction<NodeSeenArgs, void> = {
  name: 'nodeSeen',
  *run({ number, state, capacityBytes, freeBytes, segmentEnds, nowMs }) {
    yield* query(
      'UPDATE nodes SET state = ?, capacity_bytes = ?, free_bytes = ?, segment_ends = ?, seen_at = ? WHERE number = ?',
      state,
      capacityBytes,
      freeBytes,
      JSON.stringify(segmentEnds),
      nowMs,
      number,
    )
  },
}
