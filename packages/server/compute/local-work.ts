/**
 * The short work that is done on the calling thread, because sending it to a worker would cost more: naming and cutting small
 * files, opening chunks, rebuilding ranges for readers.
 */
import { cutContent } from '@holdfast/core/chunking/cut-content.ts'
import { defaultGearTable } from '@holdfast/core/chunking/gear-table.ts'
import { kernelScan } from '@holdfast/core/chunking/kernel-scan.ts'
import { ShardCodec } from '@holdfast/core/erasure/shard-codec.ts'
import { KERNEL_RESERVED_BYTES, Kernel } from '@holdfast/core/kernel/kernel.ts'
import { assert } from '@holdfast/core/wire/assert.ts'
import { nameChunk } from './chunk-cipher.ts'
import {
  type ChunkKeys,
  type ChunkSizes,
  CUT_NOW_BYTES_MAX,
  type NamedChunk,
  type Shard,
  type StripeShape,
} from './compute.ts'

const PAGE_BYTES = 65_536

export class LocalWork {
  readonly #kernel: Kernel
  readonly #codec: ShardCodec

  private constructor(kernel: Kernel, codec: ShardCodec) {
    this.#kernel = kernel
    this.#codec = codec
  }

  static async open(): Promise<LocalWork> {
    const pages = Math.ceil((KERNEL_RESERVED_BYTES + CUT_NOW_BYTES_MAX) / PAGE_BYTES)
    const kernel = await Kernel.load(new WebAssembly.Memory({ initial: pages, maximum: pages }))
    return new LocalWork(kernel, await ShardCodec.load())
  }

  cutNow(keys: ChunkKeys, plain: Uint8Array, sizes: ChunkSizes): NamedChunk[] {
    assert(plain.length <= CUT_NOW_BYTES_MAX, 'only small files are cut at once')
    if (plain.length <= sizes.minBytes) return [{ offset: 0, length: plain.length, id: nameChunk(keys, plain) }]
    this.#kernel.bytes.set(plain, KERNEL_RESERVED_BYTES)
    const window = { offset: KERNEL_RESERVED_BYTES, lengthBytes: plain.length, final: true }
    const chunks: NamedChunk[] = []
    let start = 0
    for (const end of cutContent(kernelScan(this.#kernel, defaultGearTable), sizes, window)) {
      const stop = end - KERNEL_RESERVED_BYTES
      chunks.push({ offset: start, length: stop - start, id: nameChunk(keys, plain.subarray(start, stop)) })
      start = stop
    }
    return chunks
  }

  rebuild(shape: StripeShape, present: readonly Shard[], wanted: readonly number[]): Uint8Array[] {
    return this.#codec.rebuild(shape, present, wanted)
  }
}
