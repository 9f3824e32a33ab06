/** How many durable shards a stripe needs before anyone may rely on it: W of `protocols.md`, *Acknowledgement*. */
import { numberIn } from './cells.ts'
import type { Row } from './transaction.ts'

export function goodShardsNeeded({ dataShards, parityShards }: { dataShards: number; parityShards: number }): number {
  return Math.min(dataShards + parityShards, dataShards + 1)
}

/** `row` holds a stripe's `data_shards`, `parity_shards` and `not_durable`. */
export function hasGoodShards(row: Row): boolean {
  const shape = { dataShards: numberIn(row, 'data_shards'), parityShards: numberIn(row, 'parity_shards') }
  return shape.dataShards + shape.parityShards - numberIn(row, 'not_durable') >= goodShardsNeeded(shape)
}
