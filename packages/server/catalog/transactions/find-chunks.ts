import type { ChunkId, Id } from '@holdfast/core/wire/ids.ts'
import { byKeys } from '../batches.ts'
import { bytesOf } from '../cells.ts'
import { anyAway, GOOD_COLUMNS, withGoodShards } from '../good-shards.ts'
import { chunkPlace, PLACE_COLUMNS } from '../row-readers.ts'
import type { ChunkPlace } from '../rows.ts'
import type { Transaction } from '../transaction.ts'

export interface FindChunksArgs {
  readonly bucket: Id
  readonly chunks: readonly ChunkId[]
  /** False where a place is enough, however few of its shards are good. */
  readonly goodShardsNeeded: boolean
  /** Nodes that do not answer now. */
  readonly away?: readonly number[]
}

const findUncondemned = byKeys(
  `SELECT ${PLACE_COLUMNS}, ${GOOD_COLUMNS} FROM chunks c
   JOIN stripes s ON s.stripe_id = c.stripe_id
   WHERE c.condemned IS NULL AND s.condemned IS NULL AND c.bucket_id = ? AND c.chunk_id IN`,
)

/**
 * The chunks that an upload need not store again. A condemned one counts as absent: sessions younger than its mark do not
 * hold up its deletion. One with too few good shards does too, so that sending a damaged file again heals it. What is found stays
 * as long as a session is alive that was opened before this was asked.
 */
export const findChunks: Transaction<FindChunksArgs, ChunkPlace[]> = {
  name: 'findChunks',
  *run({ bucket, chunks, goodShardsNeeded, away = [] }) {
    const rows = yield* findUncondemned([anyAway(away), bytesOf(bucket)], chunks.map(bytesOf))
    return (goodShardsNeeded ? yield* withGoodShards(rows, away) : rows).map(chunkPlace)
  },
}
