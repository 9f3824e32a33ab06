import type { StripeId } from '@holdfast/core/wire/ids.ts'
import { changeShards } from '../stripe-shards.ts'
import type { Transaction } from '../transaction.ts'

/** A node does not hold what it acknowledged of these stripes. */
export const shardsMissing: Transaction<{ readonly node: number; readonly stripes: readonly StripeId[] }, void> = {
  name: 'shardsMissing',
  *run({ node, stripes }) {
    for (const stripe of stripes) {
      yield* changeShards(stripe, (shard) =>
        shard.node === node && shard.state === 'durable' ? { ...shard, state: 'missing' } : shard,
      )
    }
  },
}
