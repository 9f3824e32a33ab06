/**
 * Stores a body of any length as a pipeline of windows. While one window is filled from the socket, the ones before it are cut,
 * sealed and written:
 *
 *     slot       | room for what was left over | window from the socket |
 *     fill  i+1  ─────────────▶
 *     cut   i    ──▶ its last, unfinished chunk moves in front of window i + 1
 *     send  i-1  ─────────────────────────▶ sealed, written, durable
 *
 * The windows are cut one after the other, because a cut depends on the bytes before it; everything else overlaps. Memory is
 * asked for before the socket is read: a slot per window, a few windows per upload.
 */
import { createHash } from 'node:crypto'
import { stripeCapacity } from '@holdfast/core/sealing/stripe-layout.ts'
import { HoldfastError } from '@holdfast/core/wire/errors.ts'
import { asSha256, type ChunkId } from '@holdfast/core/wire/ids.ts'
import type { Catalog } from '../catalog/catalog.ts'
import type { SentStripe, StripesOut } from '../cluster/stripes-out.ts'
import type { Compute, SlotSize, StripeSlot } from '../compute/compute.ts'
import { noteMoved } from '../seams/young-garbage.ts'
import type { Bucket } from './buckets.ts'
import { withoutKnown } from './known-chunks.ts'
import { type Page, PageCutter } from './page-cutter.ts'
import type { StoredContent } from './stored-content.ts'

/** Windows of one upload that are on their way at once. */
const WINDOWS_MAX = 4
/** Chunks that an upload remembers to have stored itself, so that a repeating file is stored once. */
const REMEMBERED_CHUNKS_MAX = 100_000
const FILE_BYTES_MAX = 1024 ** 4

export interface StreamOptions {
  readonly byContent: boolean
  readonly compress: boolean
  readonly useKnown: boolean
  /** Commit each stripe as it becomes durable, or all of them with the version. */
  readonly commitAsItGoes: boolean
  readonly signal: AbortSignal
}

export class StreamedBodies {
  readonly #catalog: Catalog
  readonly #compute: Compute
  readonly #stripes: StripesOut

  constructor(catalog: Catalog, compute: Compute, stripes: StripesOut) {
    this.#catalog = catalog
    this.#compute = compute
    this.#stripes = stripes
  }

  async store(bucket: Bucket, body: AsyncIterable<Uint8Array>, options: StreamOptions): Promise<StoredContent> {
    const stream = new Stream(bucket, options, {
      catalog: this.#catalog,
      compute: this.#compute,
      stripes: this.#stripes,
    })
    return await stream.run(body)
  }
}

/** One upload on its way. */
class Stream {
  readonly #bucket: Bucket
  readonly #options: StreamOptions
  readonly #catalog: Catalog
  readonly #compute: Compute
  readonly #stripes: StripesOut
  readonly #carryRoom: number
  readonly #capacity: number
  readonly #slotSize: SlotSize
  readonly #hash = createHash('sha256')
  readonly #cutter = new PageCutter()
  readonly #pages: Page[] = []
  readonly #sent: SentStripe[] = []
  readonly #stored = new Set<ChunkId>()
  /** The windows behind the one that is filled, each until its stripe is durable. */
  readonly #underway = new Set<Promise<void>>()
  #carry: Promise<Uint8Array> = Promise.resolve(new Uint8Array())
  #size = 0
  #chunks = 0
  #loneChunk: ChunkId | null = null
  #failure: { readonly cause: unknown } | undefined

  constructor(
    bucket: Bucket,
    options: StreamOptions,
    floor: { catalog: Catalog; compute: Compute; stripes: StripesOut },
  ) {
    this.#bucket = bucket
    this.#options = options
    this.#catalog = floor.catalog
    this.#compute = floor.compute
    this.#stripes = floor.stripes
    const { chunking } = bucket.policy
    this.#carryRoom = chunking.maxBytes
    const { shape } = bucket.plan
    const shortest = options.byContent ? chunking.minBytes : chunking.maxBytes
    const { plainBytes, shardBytesMax } = stripeCapacity(shape.dataShards, shortest)
    this.#capacity = plainBytes
    this.#slotSize = { plainBytes, shape, shardBytesMax }
  }

  async run(body: AsyncIterable<Uint8Array>): Promise<StoredContent> {
    try {
      await this.#fillWindows(body)
      await this.#settle()
    } catch (error) {
      this.#failure ??= { cause: error }
    }
    if (this.#failure !== undefined) {
      await Promise.allSettled(this.#underway)
      this.#release()
      throw this.#failure.cause
    }
    const last = this.#cutter.end()
    if (last !== undefined) this.#pages.push(last)
    return {
      size: this.#size,
      sha256: asSha256(this.#hash.digest('hex')),
      chunk: this.#chunks === 1 ? this.#loneChunk : null,
      pages: this.#chunks > 1 ? this.#pages : null,
      sessions: [...new Set(this.#sent.map(({ session }) => session))],
      commitStripes: () => Promise.all(this.#sent.map((stripe) => stripe.commit())),
      release: () => this.#release(),
    }
  }

  #release(): void {
    for (const stripe of this.#sent) stripe.release()
  }

  async #fillWindows(body: AsyncIterable<Uint8Array>): Promise<void> {
    // Undefined from the moment that a window has left: then it is not ours to release any more.
    let slot: StripeSlot | undefined
    let filled = this.#carryRoom
    try {
      for await (const piece of body) {
        this.#hash.update(piece)
        this.#size += piece.length
        noteMoved(piece.length)
        if (this.#size > FILE_BYTES_MAX)
          throw new HoldfastError('body_too_large', `a file is at most ${FILE_BYTES_MAX} bytes`)
        for (let at = 0; at < piece.length; ) {
          if (slot !== undefined && filled === this.#capacity) {
            this.#leave(slot, filled, false)
            slot = undefined
            filled = this.#carryRoom
          }
          slot ??= await this.#openSlot()
          const length = Math.min(piece.length - at, this.#capacity - filled)
          slot.plain.set(length === piece.length ? piece : piece.subarray(at, at + length), filled)
          at += length
          filled += length
        }
        if (this.#failure !== undefined) throw this.#failure.cause
      }
      slot ??= await this.#openSlot()
    } catch (error) {
      slot?.release()
      throw error
    }
    this.#leave(slot, filled, true)
  }

  async #openSlot(): Promise<StripeSlot> {
    while (this.#underway.size >= WINDOWS_MAX) await Promise.race(this.#underway)
    if (this.#failure !== undefined) throw this.#failure.cause
    return await this.#compute.open(this.#slotSize, this.#options.signal)
  }

  /** Sends a filled window on its way; the next may be filled meanwhile. */
  #leave(slot: StripeSlot, filled: number, final: boolean): void {
    const carried = this.#carry
    const cut = this.#cutWindow(slot, carried, filled, final)
    this.#carry = cut.then(({ rest }) => rest)
    // Whoever needs the rest sees the failure too; `sent` reports it.
    this.#carry.catch(() => {})
    const sent = cut
      .then(({ send }) => send())
      .catch((error: unknown) => {
        this.#failure ??= { cause: error }
      })
      .finally(() => this.#underway.delete(sent))
    this.#underway.add(sent)
  }

  /** Names the chunks of a window, in order; `rest` are the bytes behind its last cut, copied out. */
  async #cutWindow(
    slot: StripeSlot,
    carried: Promise<Uint8Array>,
    filled: number,
    final: boolean,
  ): Promise<{ rest: Uint8Array; send: () => Promise<void> }> {
    try {
      const carry = await carried
      const offset = this.#carryRoom - carry.length
      slot.plain.set(carry, offset)
      const { keys } = this.#bucket.plan
      const sizes = this.#bucket.policy.chunking
      const chunks = await slot.cut({
        keys,
        offset,
        length: filled - offset,
        byContent: this.#options.byContent,
        sizes,
        final,
      })
      const last = chunks.at(-1)
      const rest = slot.plain.slice(last === undefined ? offset : last.offset + last.length, filled)
      for (const { id, length } of chunks) {
        const page = this.#cutter.add(id, length)
        if (page !== undefined) this.#pages.push(page)
        this.#chunks++
        this.#loneChunk = id
      }
      const fresh = chunks.filter(({ id }) => !this.#stored.has(id))
      for (const { id } of fresh) if (this.#stored.size < REMEMBERED_CHUNKS_MAX) this.#stored.add(id)
      return { rest, send: () => this.#send(slot, fresh) }
    } catch (error) {
      slot.release()
      throw error
    }
  }

  async #send(slot: StripeSlot, fresh: Parameters<typeof withoutKnown>[2]): Promise<void> {
    let wanted: Awaited<ReturnType<typeof withoutKnown>>
    try {
      wanted = this.#options.useKnown ? await withoutKnown(this.#catalog, this.#bucket, fresh) : [...fresh]
    } catch (error) {
      slot.release()
      throw error
    }
    if (wanted.length === 0) {
      slot.release()
      return
    }
    const stripe = await this.#stripes.send(slot, { ...this.#bucket.plan, compress: this.#options.compress }, wanted)
    this.#sent.push(stripe)
    if (this.#options.commitAsItGoes) await stripe.commit()
  }

  async #settle(): Promise<void> {
    await Promise.all(this.#underway)
    if (this.#failure !== undefined) throw this.#failure.cause
  }
}
