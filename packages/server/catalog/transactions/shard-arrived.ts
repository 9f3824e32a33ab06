import type { Sha256, StripeId } from '@holdfast/core/wire/ids.ts'
import { changeShards } from '../stripe-shards.ts'
import type { Transaction } from '../transaction.ts'

export interface ShardArrivedArgs {
  readonly stripe: StripeId
  readonly index: number
  readonly sha256: Sha256
}

/** A receipt that came after the stripe's commit. It counts only for a shard that is expected, and with the committed hash. */
export const shardArrived: Transaction<ShardArrivedArgs, void> = {
  name: 'shardArrived',
  run: ({ stripe, index, sha256 }) =>
    changeShards(stripe, (shard) =>
      shard.index === index && shard.state === 'expected' && shard.sha256 === sha256
        ? { ...shard, state: 'durable' }
        : shard,
    ),
}
