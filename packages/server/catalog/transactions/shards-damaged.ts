import type { StripeId } from '@holdfast/core/wire/ids.ts'
import { changeShards } from '../stripe-shards.ts'
import type { Transaction } from '../transaction.ts'

export interface ShardsDamagedArgs {
  readonly stripe: StripeId
  readonly indexes: readonly number[]
  readonly state: 'damaged' | 'missing'
}

export const shardsDamaged: Transaction<ShardsDamagedArgs, void> = {
  name: 'shardsDamaged',
  run: ({ stripe, indexes, state }) =>
    changeShards(stripe, (shard) => (indexes.includes(shard.index) ? { ...shard, state } : shard)),
}
