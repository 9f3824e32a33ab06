/**
 * A stripe is cut into k data shards of equal length, to which m parity shards are added. Any k of the n = k + m shards
 * give all the others. Shards are counted from 0: data first, then parity.
 */
import { SOURCES_MAX, TARGETS_MAX } from '../kernel/kernel.ts'
import { assert } from '../wire/assert.ts'

export const DATA_SHARDS_MAX = SOURCES_MAX
export const PARITY_SHARDS_MAX = TARGETS_MAX

export interface ErasureShape {
  /** k, from 1. With k = 1 every parity shard is a copy. */
  readonly dataShards: number
  /** m, from 0. */
  readonly parityShards: number
}

export function assertShape({ dataShards, parityShards }: ErasureShape): void {
  assert(Number.isInteger(dataShards) && dataShards >= 1 && dataShards <= DATA_SHARDS_MAX, 'data shards are 1 to 16')
  assert(
    Number.isInteger(parityShards) && parityShards >= 0 && parityShards <= PARITY_SHARDS_MAX,
    'parity shards are 0 to 4',
  )
}
