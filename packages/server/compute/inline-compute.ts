/** All the work on the calling thread: for the simulator, whose every step must follow from the seed, and for tests. */
import { KERNEL_RESERVED_BYTES, Kernel } from '@holdfast/core/kernel/kernel.ts'
import { NONCE_BYTES } from '@holdfast/core/sealing/chunk-format.ts'
import type { Random } from '../seams/random.ts'
import { openChunk } from './chunk-cipher.ts'
import type {
  ChunkKeys,
  ChunkSizes,
  Compute,
  NamedChunk,
  SealedPlace,
  Shard,
  SlotSize,
  StripeShape,
  StripeSlot,
} from './compute.ts'
import { LocalWork } from './local-work.ts'
import { MemorySlot } from './slot.ts'
import { type SlotPlace, Slots } from './slots.ts'
import { cutAndName, sealStripe } from './stripe-work.ts'

const PAGE_BYTES = 65_536

export class InlineCompute implements Compute {
  readonly #kernel: Kernel
  readonly #local: LocalWork
  readonly #slots: Slots
  readonly #random: Random

  private constructor(kernel: Kernel, local: LocalWork, slots: Slots, random: Random) {
    this.#kernel = kernel
    this.#local = local
    this.#slots = slots
    this.#random = random
  }

  static async open(random: Random, budgetBytes: number): Promise<InlineCompute> {
    const pages = Math.ceil(budgetBytes / PAGE_BYTES)
    const kernel = await Kernel.load(new WebAssembly.Memory({ initial: pages, maximum: pages }))
    const slots = new Slots([{ startBytes: KERNEL_RESERVED_BYTES, endBytes: pages * PAGE_BYTES }])
    return new InlineCompute(kernel, await LocalWork.open(), slots, random)
  }

  get waiting(): number {
    return this.#slots.waiting
  }

  async open(size: SlotSize, signal?: AbortSignal): Promise<StripeSlot> {
    return this.#slot(await this.#slots.take(size, signal), size)
  }

  tryOpen(size: SlotSize): StripeSlot | undefined {
    const place = this.#slots.tryTake(size)
    return place && this.#slot(place, size)
  }

  cutNow(keys: ChunkKeys, plain: Uint8Array, sizes: ChunkSizes): NamedChunk[] {
    return this.#local.cutNow(keys, plain, sizes)
  }

  openChunk(keys: ChunkKeys, place: SealedPlace, sealed: Uint8Array, pieceBytes: number): Uint8Array[] | undefined {
    return openChunk(keys, place, sealed, pieceBytes)
  }

  rebuild(shape: StripeShape, present: readonly Shard[], wanted: readonly number[]): Uint8Array[] {
    return this.#local.rebuild(shape, present, wanted)
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  #slot(place: SlotPlace, size: SlotSize): StripeSlot {
    return new MemorySlot(this.#kernel.bytes, place, size, {
      cut: async (request) => cutAndName(this.#kernel, place.at, request),
      seal: async (request) =>
        sealStripe(this.#kernel, place, request, this.#random.bytes(request.chunks.length * NONCE_BYTES)),
      release: () => this.#slots.give(place),
    })
  }
}
