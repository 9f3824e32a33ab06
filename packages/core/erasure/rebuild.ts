import type { Kernel } from '../kernel/kernel.ts'
import { assert } from '../wire/assert.ts'
import { coefficientsImage } from './coefficients.ts'
import { rebuildRows } from './matrix.ts'
import { assertShape, type ErasureShape } from './shape.ts'

/** A shard, or the same range of each shard: the code works byte by byte. */
export interface PlacedShard {
  readonly index: number
  /** Its address in the kernel's memory. */
  readonly offset: number
}

/** Images kept, 2 KiB each. */
const IMAGES_MAX = 256
const images = new Map<string, Uint8Array>()

/** Writes the wanted shards, data or parity, from any k others. What is present must be right: nothing here can tell. */
export function rebuildShards(
  kernel: Kernel,
  shape: ErasureShape,
  lengthBytes: number,
  present: readonly PlacedShard[],
  wanted: readonly PlacedShard[],
): void {
  assertShape(shape)
  assert(present.length === shape.dataShards, 'as many shards are present as there are data shards')
  const presentIndexes = present.map(({ index }) => index)
  const wantedIndexes = wanted.map(({ index }) => index)
  const indexes = [...presentIndexes, ...wantedIndexes]
  assert(
    indexes.every((index) => isShardIndex(shape, index)),
    'every shard is one of the stripe',
  )
  assert(new Set(indexes).size === indexes.length, 'no shard is named twice')
  kernel.combine(
    rebuildImage(shape, presentIndexes, wantedIndexes),
    present.map(({ offset }) => offset),
    wanted.map(({ offset }) => offset),
    lengthBytes,
  )
}

/** Readers rebuild the same shards again and again, in many slices, and a matrix takes longer to invert than a slice to rebuild. */
function rebuildImage(shape: ErasureShape, present: readonly number[], wanted: readonly number[]): Uint8Array {
  const name = [shape.dataShards, ...present, ...wanted].join()
  const known = images.get(name)
  if (known !== undefined) return known
  if (images.size === IMAGES_MAX) images.clear()
  const image = coefficientsImage(rebuildRows(shape, present, wanted))
  images.set(name, image)
  return image
}

function isShardIndex({ dataShards, parityShards }: ErasureShape, index: number): boolean {
  return Number.isInteger(index) && index >= 0 && index < dataShards + parityShards
}
