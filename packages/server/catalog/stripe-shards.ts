/** Changing what is known of a stripe's shards after its commit. */
import type { StripeId } from '@holdfast/core/wire/ids.ts'
import { bytesIn, bytesOf, numberIn } from './cells.ts'
import { packShards, unpackShards } from './packed-shards.ts'
import type { ShardRow } from './rows.ts'
import { packLacking, spareOf } from './spare-shards.ts'
import { query, type Steps } from './transaction.ts'

/** A stripe that was deleted meanwhile has no shards to change. */
export function* changeShards(stripe: StripeId, change: (shard: ShardRow) => ShardRow): Steps<void> {
  const [row] = yield* query('SELECT shards, data_shards FROM stripes WHERE stripe_id = ?', bytesOf(stripe))
  if (row === undefined) return
  const shards = unpackShards(bytesIn(row, 'shards')).map(change)
  yield* query(
    'UPDATE stripes SET shards = ?, spare = ?, lacking = ? WHERE stripe_id = ?',
    packShards(shards),
    spareOf(shards, numberIn(row, 'data_shards')),
    packLacking(shards),
    bytesOf(stripe),
  )
}
