/**
 * Encoding and rebuilding for callers whose bytes lie in arrays, such as a browser. It has a kernel with a small memory
 * of its own, through which shards pass slice by slice: the code works byte by byte, so a slice of each will do.
 */
import { KERNEL_RESERVED_BYTES, Kernel } from '../kernel/kernel.ts'
import { assert } from '../wire/assert.ts'
import { encodeShards } from './encode.ts'
import { type PlacedShard, rebuildShards } from './rebuild.ts'
import { assertShape, DATA_SHARDS_MAX, type ErasureShape, PARITY_SHARDS_MAX } from './shape.ts'

const WASM_PAGE_BYTES = 64 * 1024
const SLICE_BYTES_MAX = 64 * 1024
const MEMORY_BYTES = KERNEL_RESERVED_BYTES + (DATA_SHARDS_MAX + PARITY_SHARDS_MAX) * SLICE_BYTES_MAX

export interface HeldShard {
  readonly index: number
  readonly bytes: Uint8Array
}

export class ShardCodec {
  readonly #kernel: Kernel

  private constructor(kernel: Kernel) {
    this.#kernel = kernel
  }

  static async load(): Promise<ShardCodec> {
    const pages = Math.ceil(MEMORY_BYTES / WASM_PAGE_BYTES)
    return new ShardCodec(await Kernel.load(new WebAssembly.Memory({ initial: pages, maximum: pages })))
  }

  /** The parity shards. */
  encode(shape: ErasureShape, dataShards: readonly Uint8Array[]): Uint8Array[] {
    assertShape(shape)
    const parityShards = Array.from({ length: shape.parityShards }, () => new Uint8Array(dataShards[0]?.length ?? 0))
    this.#pass(dataShards, parityShards, (sources, targets, lengthBytes) => {
      encodeShards(this.#kernel, shape, lengthBytes, sources, targets)
    })
    return parityShards
  }

  /** The wanted shards, in the order asked for. */
  rebuild(shape: ErasureShape, present: readonly HeldShard[], wanted: readonly number[]): Uint8Array[] {
    assertShape(shape)
    const presentBytes = present.map(({ bytes }) => bytes)
    const rebuilt = wanted.map(() => new Uint8Array(presentBytes[0]?.length ?? 0))
    this.#pass(presentBytes, rebuilt, (sources, targets, lengthBytes) => {
      const placedPresent = placed(
        present.map(({ index }) => index),
        sources,
      )
      rebuildShards(this.#kernel, shape, lengthBytes, placedPresent, placed(wanted, targets))
    })
    return rebuilt
  }

  #pass(
    sources: readonly Uint8Array[],
    targets: readonly Uint8Array[],
    work: (sourceOffsets: number[], targetOffsets: number[], lengthBytes: number) => void,
  ): void {
    const lengthBytes = sources[0]?.length ?? 0
    assert(sources.length <= DATA_SHARDS_MAX && targets.length <= PARITY_SHARDS_MAX, 'the shards have room')
    assert(
      sources.every((source) => source.length === lengthBytes),
      'the shards of a stripe have one length',
    )
    const slot = (index: number): number => KERNEL_RESERVED_BYTES + index * SLICE_BYTES_MAX
    const sourceOffsets = sources.map((_, index) => slot(index))
    const targetOffsets = targets.map((_, index) => slot(DATA_SHARDS_MAX + index))
    let from = 0
    // At least once: shards without bytes are checked like others.
    do {
      const to = Math.min(from + SLICE_BYTES_MAX, lengthBytes)
      sources.forEach((source, index) => {
        this.#kernel.bytes.set(source.subarray(from, to), slot(index))
      })
      work(sourceOffsets, targetOffsets, to - from)
      targets.forEach((target, index) => {
        const offset = slot(DATA_SHARDS_MAX + index)
        target.set(this.#kernel.bytes.subarray(offset, offset + to - from), from)
      })
      from = to
    } while (from < lengthBytes)
  }
}

function placed(indexes: readonly number[], offsets: readonly number[]): PlacedShard[] {
  assert(indexes.length === offsets.length, 'every shard has its slot')
  return indexes.map((index, at) => ({ index, offset: offsets[at] ?? 0 }))
}
