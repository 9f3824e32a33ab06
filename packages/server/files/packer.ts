/**
 * Packs the chunks of small files into shared stripes, one packer per bucket. A shared stripe leaves when it is full, or as
 * soon as the stripe before it is durable, and at the latest 5 ms after its first byte: a lone small file waits for nobody, and a
 * thousand at once share their syncs.
 */
import { SHARD_BYTES_MAX, TAG_BYTES } from '@holdfast/core/sealing/chunk-format.ts'
import {
  CROSSING_BYTES_MIN,
  layoutStripe,
  STRIPE_PLAIN_BYTES_MAX,
  TABLE_ENTRY_BYTES,
  TRAILER_BYTES,
} from '@holdfast/core/sealing/stripe-layout.ts'
import { assert } from '@holdfast/core/wire/assert.ts'
import type { ChunkId } from '@holdfast/core/wire/ids.ts'
import type { SentStripe, StripePlan, StripesOut } from '../cluster/stripes-out.ts'
import type { Compute, NamedChunk, SlotSize } from '../compute/compute.ts'
import { copyInto } from '../compute/copy-into.ts'
import type { Clock, Timer } from '../seams/clock.ts'

const LEAVE_AFTER_MS = 5

/** A file's bytes and those of its chunks that are not stored yet. */
export interface PackItem {
  readonly plain: Uint8Array
  readonly chunks: readonly NamedChunk[]
}

interface Waiting extends PackItem {
  readonly resolve: (stripe: SentStripe) => void
  readonly reject: (error: unknown) => void
}

export class Packer {
  readonly #compute: Compute
  readonly #stripes: StripesOut
  readonly #clock: Clock
  readonly #queues = new Map<string, Queue>()

  constructor(compute: Compute, stripes: StripesOut, clock: Clock) {
    this.#compute = compute
    this.#stripes = stripes
    this.#clock = clock
  }

  /** Resolves when the chunks are durable on a write quorum. Whoever gets the stripe commits it, then releases it. */
  store(plan: StripePlan, item: PackItem): Promise<SentStripe> {
    const name = queueName(plan)
    let queue = this.#queues.get(name)
    if (queue === undefined) {
      queue = new Queue(plan, this.#compute, this.#stripes, this.#clock, () => this.#queues.delete(name))
      this.#queues.set(name, queue)
    }
    return queue.add(item)
  }
}

/** Only files whose stripes would be alike share one. */
function queueName({ keys, shape, writeQuorum, compress }: StripePlan): string {
  return [keys.bucket, keys.keyEpoch, shape.dataShards, shape.parityShards, writeQuorum, compress].join()
}

class Queue {
  readonly #plan: StripePlan
  readonly #compute: Compute
  readonly #stripes: StripesOut
  readonly #clock: Clock
  readonly #onIdle: () => void
  readonly #capacityBytes: number
  #waiting: Waiting[] = []
  #waitingBytes = 0
  #inFlight = 0
  #timer: Timer | undefined

  constructor(plan: StripePlan, compute: Compute, stripes: StripesOut, clock: Clock, onIdle: () => void) {
    this.#plan = plan
    this.#compute = compute
    this.#stripes = stripes
    this.#clock = clock
    this.#onIdle = onIdle
    // Every border between shards may cost a gap in front of a short chunk.
    const total = plan.shape.dataShards * (SHARD_BYTES_MAX - CROSSING_BYTES_MIN) - TRAILER_BYTES
    this.#capacityBytes = Math.min(total, STRIPE_PLAIN_BYTES_MAX)
  }

  add(item: PackItem): Promise<SentStripe> {
    const bytes = sealedBytesMax(item)
    assert(bytes <= this.#capacityBytes, 'a small file fits one stripe')
    if (this.#waitingBytes + bytes > this.#capacityBytes) this.#leave()
    return new Promise((resolve, reject) => {
      const first = this.#waiting.length === 0
      this.#waiting.push({ ...item, resolve, reject })
      this.#waitingBytes += bytes
      if (!first) return
      // With nothing in flight the stripe leaves behind the requests that arrived in the same turn.
      if (this.#inFlight === 0) queueMicrotask(() => this.#leave())
      else this.#timer = this.#clock.after(LEAVE_AFTER_MS, () => this.#leave())
    })
  }

  #leave(): void {
    this.#timer?.cancel()
    this.#timer = undefined
    const items = this.#waiting
    if (items.length === 0) return
    this.#waiting = []
    this.#waitingBytes = 0
    this.#inFlight++
    this.#send(items)
      .then(
        (stripe) => {
          stripe.hold(items.length - 1)
          for (const item of items) item.resolve(stripe)
        },
        (error: unknown) => {
          for (const item of items) item.reject(error)
        },
      )
      .finally(() => {
        this.#inFlight--
        if (this.#waiting.length > 0) this.#leave()
        else if (this.#inFlight === 0) this.#onIdle()
      })
      // Both ends were told above.
      .catch(() => {})
  }

  async #send(items: readonly Waiting[]): Promise<SentStripe> {
    const chosen = distinctChunks(items)
    const slot = await this.#compute.open(slotSizeOf(this.#plan, chosen))
    const chunks: NamedChunk[] = []
    let at = 0
    for (const { plain, chunk } of chosen) {
      copyInto(slot.plain, at, plain.subarray(chunk.offset, chunk.offset + chunk.length))
      chunks.push({ ...chunk, offset: at })
      at += chunk.length
    }
    return await this.#stripes.send(slot, this.#plan, chunks)
  }
}

function sealedBytesMax({ chunks }: PackItem): number {
  return chunks.reduce((sum, { length }) => sum + length + TAG_BYTES + TABLE_ENTRY_BYTES, 0)
}

/** Files that arrive together may hold the same chunk. */
function distinctChunks(items: readonly PackItem[]): { plain: Uint8Array; chunk: NamedChunk }[] {
  const byId = new Map<ChunkId, { plain: Uint8Array; chunk: NamedChunk }>()
  for (const { plain, chunks } of items) {
    for (const chunk of chunks) if (!byId.has(chunk.id)) byId.set(chunk.id, { plain, chunk })
  }
  return [...byId.values()]
}

function slotSizeOf({ shape }: StripePlan, chosen: readonly { chunk: NamedChunk }[]): SlotSize {
  const stored = chosen.map(({ chunk }) => chunk.length + TAG_BYTES)
  const plainBytes = chosen.reduce((sum, { chunk }) => sum + chunk.length, 0)
  // Compression can make a chunk short enough to want a gap before it, so each shard has room for one more.
  return { plainBytes, shape, shardBytesMax: layoutStripe(stored, shape.dataShards).shardBytes + CROSSING_BYTES_MIN }
}
