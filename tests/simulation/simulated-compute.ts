/**
 * The compute seam: all work inline, in one memory that outlives gateways. A gateway that crashes leaves slots behind; they
 * are taken back, for nobody of its life will ever release them.
 */
import type { Compute, StripeSlot } from '@holdfast/server/compute/compute.ts'
import { InlineCompute } from '@holdfast/server/compute/inline-compute.ts'
import type { Random } from '@holdfast/server/seams/random.ts'

/** Room for a few stripes of several megabytes, so that large uploads wait for each other. */
const BUDGET_BYTES = 96 * 1024 * 1024

/** The memory of a process, used by one run after the other. */
export class ComputeMemory {
  readonly #inline: InlineCompute
  readonly #source: { random: Random | undefined }

  private constructor(inline: InlineCompute, source: { random: Random | undefined }) {
    this.#inline = inline
    this.#source = source
  }

  static async open(): Promise<ComputeMemory> {
    const source: { random: Random | undefined } = { random: undefined }
    const random: Random = {
      bytes: (length) => source.random?.bytes(length) ?? new Uint8Array(length),
      float: () => source.random?.float() ?? 0,
    }
    return new ComputeMemory(await InlineCompute.open(random, BUDGET_BYTES), source)
  }

  /** For one life of a gateway. Nonces come from `random`. */
  lend(random: Random): SimulatedCompute {
    this.#source.random = random
    return new SimulatedCompute(this.#inline)
  }
}

export class SimulatedCompute implements Compute {
  readonly #inline: InlineCompute
  readonly #held = new Set<StripeSlot>()
  #isOver = false

  constructor(inline: InlineCompute) {
    this.#inline = inline
  }

  get heldSlots(): number {
    return this.#held.size
  }

  get waiting(): number {
    return this.#inline.waiting
  }

  async open(...[size, signal]: Parameters<Compute['open']>): Promise<StripeSlot> {
    const slot = await this.#inline.open(size, signal)
    if (!this.#isOver) return this.#hold(slot)
    slot.release()
    return await new Promise<never>(() => undefined)
  }

  tryOpen(size: Parameters<Compute['tryOpen']>[0]): StripeSlot | undefined {
    const slot = this.#inline.tryOpen(size)
    return slot && this.#hold(slot)
  }

  cutNow: Compute['cutNow'] = (keys, plain, sizes) => this.#inline.cutNow(keys, plain, sizes)
  openChunk: Compute['openChunk'] = (keys, place, sealed, pieceBytes) =>
    this.#inline.openChunk(keys, place, sealed, pieceBytes)
  rebuild: Compute['rebuild'] = (shape, present, wanted) => this.#inline.rebuild(shape, present, wanted)

  /** The gateway is no more. */
  takeBack(): void {
    this.#isOver = true
    const held = [...this.#held]
    this.#held.clear()
    for (const slot of held) slot.release()
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  #hold(slot: StripeSlot): StripeSlot {
    const { plain, memoryBytes } = slot
    const held: StripeSlot = {
      plain,
      memoryBytes,
      cut: (request) => slot.cut(request),
      seal: (request) => slot.seal(request),
      release: () => {
        this.#held.delete(slot)
        if (!this.#isOver) slot.release()
      },
    }
    this.#held.add(slot)
    return held
  }
}
