import type { Sha256, StripeId } from '@holdfast/core/wire/ids.ts'
import { changeShards } from '../stripe-shards.ts'
import type { Transaction } from '../transaction.ts'

export interface ShardArrivedArgs {
  readonly stripe: StripeId
  readonly index: number
  /** Whose receipt it is: an index may have been meant for another node before, or be on its way to one. */
  readonly node: number
  readonly sha256: Sha256
}

/** A receipt that came after the stripe's commit. It counts only for a shard that is expected of its node, with the committed hash. */
export const shardArrived: Transaction<ShardArrivedArgs, void> = {
  name: 'shardArrived',
  run: ({ stripe, index, node, sha256 }) =>
    changeShards(stripe, (shard) =>
      shard.index === index && shard.node === node && shard.state === 'expected' && shard.sha256 === sha256
        ? { ...shard, state: 'durable' }
        : shard,
    ),
}
