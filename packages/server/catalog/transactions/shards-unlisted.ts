import type { StripeId } from '@holdfast/core/wire/ids.ts'
import { changeShards } from '../stripe-shards.ts'
import type { Transaction } from '../transaction.ts'

export interface ShardsUnlistedArgs {
  readonly node: number
  readonly stripes: readonly StripeId[]
}

/**
 * A node does not list what it acknowledged of these stripes. Whether it is gone, or only not to be read now, nobody can tell: from now on
 * it is expected there and nothing more. Answers of how many stripes: one that was deleted meanwhile lacks nothing.
 */
export const shardsUnlisted: Transaction<ShardsUnlistedArgs, number> = {
  name: 'shardsUnlisted',
  *run({ node, stripes }) {
    let count = 0
    for (const stripe of stripes) {
      yield* changeShards(stripe, (shard) => {
        if (shard.node !== node || shard.state !== 'durable') return shard
        count++
        return { ...shard, state: 'expected' }
      })
    }
    return count
  },
}
