import type { Kernel } from '../kernel/kernel.ts'
import { assert } from '../wire/assert.ts'
import { coefficientsImage } from './coefficients.ts'
import { parityRow } from './matrix.ts'
import { assertShape, DATA_SHARDS_MAX, type ErasureShape, PARITY_SHARDS_MAX } from './shape.ts'

/** One for all shapes, since a row depends on neither k nor m. */
const parityImage = coefficientsImage(
  Array.from({ length: PARITY_SHARDS_MAX }, (_, parityIndex) => parityRow(parityIndex, DATA_SHARDS_MAX)),
)

/** Writes the parity shards; offsets are addresses in the kernel's memory. */
export function encodeShards(
  kernel: Kernel,
  shape: ErasureShape,
  shardLengthBytes: number,
  dataOffsets: readonly number[],
  parityOffsets: readonly number[],
): void {
  assertShape(shape)
  assert(dataOffsets.length === shape.dataShards, 'every data shard has its place')
  assert(parityOffsets.length === shape.parityShards, 'every parity shard has its place')
  kernel.combine(parityImage, dataOffsets, parityOffsets, shardLengthBytes)
}
