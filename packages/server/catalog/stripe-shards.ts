/** Changing what is known of a stripe's shards after its commit. */
import type { StripeId } from '@holdfast/core/wire/ids.ts'
import { bytesIn, bytesOf } from './cells.ts'
import { countNotDurable, packShards, unpackShards } from './packed-shards.ts'
import type { ShardRow } from './rows.ts'
import { query, type Steps } from './transaction.ts'

/** A stripe that was deleted meanwhile has no shards to change. */
export function* changeShards(stripe: StripeId, change: (shard: ShardRow) => ShardRow): Steps<void> {
  const [row] = yield* query('SELECT shards FROM stripes WHERE stripe_id = ?', bytesOf(stripe))
  if (row === undefined) return
  const shards = unpackShards(bytesIn(row, 'shards')).map(change)
  yield* query(
    'UPDATE stripes SET shards = ?, not_durable = ? WHERE stripe_id = ?',
    packShards(shards),
    countNotDurable(shards),
    bytesOf(stripe),
  )
}
