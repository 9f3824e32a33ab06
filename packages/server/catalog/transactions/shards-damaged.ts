import type { StripeId } from '@holdfast/core/wire/ids.ts'
import { changeShards } from '../stripe-shards.ts'
import type { Transaction } from '../transaction.ts'

export interface ShardsDamagedArgs {
  readonly stripe: StripeId
  readonly indexes: readonly number[]
  /** Only what lies on it: while a shard moves, its index has two entries. */
  readonly node?: number
  readonly state: 'damaged' | 'missing'
}

export const shardsDamaged: Transaction<ShardsDamagedArgs, void> = {
  name: 'shardsDamaged',
  run: ({ stripe, indexes, node, state }) =>
    changeShards(stripe, (shard) =>
      indexes.includes(shard.index) && (node ?? shard.node) === shard.node ? { ...shard, state } : shard,
    ),
}
