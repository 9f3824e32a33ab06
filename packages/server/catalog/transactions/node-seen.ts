import { bytesOf } from '../cells.ts'
import type { SegmentEnd } from '../rows.ts'
import { growEnds } from '../segment-ends.ts'
import { recentAfter } from '../sessions.ts'
import { query, type Transaction } from '../transaction.ts'

export interface NodeSeenArgs {
  readonly number: number
  readonly state: string
  readonly capacityBytes: number
  readonly freeBytes: number
  readonly segmentEnds: readonly SegmentEnd[]
  readonly nowMs: number
}

/**
 * A heartbeat. What it says of the segments' ends is what the node's next start is measured by; but of a disk that was rolled back the
 * ends that it once had are kept, as the measure of what is missing.
 */
export const nodeSeen: Transaction<NodeSeenArgs, void> = {
  name: 'nodeSeen',
  *run({ number, state, capacityBytes, freeBytes, segmentEnds, nowMs }) {
    const [row] = yield* query(
      `UPDATE nodes SET state = ?, capacity_bytes = ?, free_bytes = ?, seen_at = ?, recent_after = ? WHERE number = ?
       RETURNING rolled_back_at`,
      state,
      capacityBytes,
      freeBytes,
      nowMs,
      bytesOf(yield* recentAfter(nowMs)),
      number,
    )
    if (row?.['rolled_back_at'] === null) yield* growEnds(number, segmentEnds)
  },
}
