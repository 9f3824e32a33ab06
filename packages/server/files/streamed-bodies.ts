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
 * asked for before the socket is read: a slot per window, a few windows per upload. What is left over waits for the next window in
 * memory of its own; where uploads have used that up, the last chunk ends there.
 *
 * What is committed is forgotten, so that a long upload needs no more memory than a short one: of its stripes one per session is
 * kept, which holds the session until the version commit, and of a page its name, once the catalog has its entries.
 */
import { createHash } from 'node:crypto'
import { stripeCapacity } from '@holdfast/core/sealing/stripe-layout.ts'
import { assert } from '@holdfast/core/wire/assert.ts'
import { HoldfastError } from '@holdfast/core/wire/errors.ts'
import { asSha256, type ChunkId, type Id } from '@holdfast/core/wire/ids.ts'
import type { Catalog } from '../catalog/catalog.ts'
import type { OfferedPage } from '../catalog/references.ts'
import { commitPage } from '../catalog/transactions/commit-page.ts'
import { ByteBudget } from '../cluster/byte-budget.ts'
import type { SentStripe, StripesOut } from '../cluster/stripes-out.ts'
import type { Compute, NamedChunk, SlotSize, StripeSlot } from '../compute/compute.ts'
import { copyInto } from '../compute/copy-into.ts'
import type { Clock } from '../seams/clock.ts'
import { freeBytes } from '../seams/free-bytes.ts'
import { noteMoved } from '../seams/young-garbage.ts'
import type { Bucket } from './buckets.ts'
import type { KnownChunks } from './known-chunks.ts'
import { PageCutter } from './page-cutter.ts'
import type { StoredContent } from './stored-content.ts'
import { type FilledWindow, WindowFiller } from './window-filler.ts'

/** Windows of one upload that are on their way at once. */
const WINDOWS_MAX = 6
/** What windows of all uploads have left over, at most 2 MiB each. */
const CARRIED_BYTES_MAX = 16 * 1024 * 1024
/** An upload that has more stripes than this waiting for its version commits them, and from then on each as it goes. */
const UNCOMMITTED_STRIPES_MAX = 16
/** Contents of one file: a tebibyte. */
export const FILE_BYTES_MAX = 1024 ** 4

export interface StreamOptions {
  readonly byContent: boolean
  readonly compress: boolean
  readonly useKnown: boolean
  /** Commit each stripe as it becomes durable, or all of them with the version. */
  readonly commitAsItGoes: boolean
  /** The upload's own session, which keeps its pages until the version commit. */
  readonly session: Id
  readonly signal: AbortSignal
}

interface StreamFloor {
  readonly catalog: Catalog
  readonly known: KnownChunks
  readonly compute: Pick<Compute, 'open' | 'waiting'>
  readonly stripes: StripesOut
  readonly clock: Clock
}

export class StreamedBodies {
  readonly #floor: StreamFloor
  /** Nobody waits for it. */
  readonly #carried = new ByteBudget(CARRIED_BYTES_MAX, 0)

  constructor(floor: StreamFloor) {
    this.#floor = floor
  }

  async store(bucket: Bucket, body: AsyncIterable<Uint8Array>, options: StreamOptions): Promise<StoredContent> {
    return await new Stream(bucket, options, this.#floor, this.#carried).run(body)
  }
}

/** A window whose chunks are named. */
interface Cut {
  /** The bytes behind the last chunk. */
  readonly rest: Uint8Array
  /** Those that are not on their way already. */
  readonly fresh: readonly NamedChunk[]
  /** Positions of the pages that end here. */
  readonly pages: readonly number[]
}

/** A stripe that is durable, and what is committed with it. */
interface Sent {
  readonly stripe: SentStripe
  readonly fresh: readonly NamedChunk[]
}

/** One upload on its way. */
class Stream {
  readonly #bucket: Bucket
  readonly #options: StreamOptions
  readonly #floor: StreamFloor
  readonly #carried: ByteBudget
  readonly #carryRoom: number
  readonly #capacity: number
  readonly #slotSize: SlotSize
  readonly #hash = createHash('sha256')
  readonly #cutter = new PageCutter()
  readonly #pages: OfferedPage[] = []
  readonly #uncommitted = new Set<Sent>()
  /** A committed stripe of each session. */
  readonly #holders = new Map<Id, SentStripe>()
  /** Chunks that no look-up finds yet: a file that repeats itself is stored once. */
  readonly #onTheirWay = new Set<ChunkId>()
  /** The windows behind the one that is filled, each until its stripe is durable. */
  readonly #underway = new Set<Promise<void>>()
  #carry: Promise<Uint8Array> = Promise.resolve(new Uint8Array())
  /** Of the shared memory for what is left over. */
  #carriedBytes = 0
  /** When the pages of all windows that have left are in the catalog. */
  #paged: Promise<void> = Promise.resolve()
  #commitsAsItGoes: boolean
  #size = 0
  #chunks = 0
  #loneChunk: ChunkId | null = null
  #failure: { readonly cause: unknown } | undefined

  constructor(bucket: Bucket, options: StreamOptions, floor: StreamFloor, carried: ByteBudget) {
    this.#carried = carried
    this.#bucket = bucket
    this.#options = options
    this.#commitsAsItGoes = options.commitAsItGoes
    this.#floor = floor
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
      await Promise.allSettled([...this.#underway, this.#paged])
      this.#giveCarried()
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
      sessions: [...new Set(this.#kept().map(({ session }) => session))],
      commitStripes: () => Promise.all([...this.#uncommitted].map(({ stripe }) => stripe.commit())),
      release: () => this.#release(),
    }
  }

  #kept(): SentStripe[] {
    return [...this.#holders.values(), ...[...this.#uncommitted].map(({ stripe }) => stripe)]
  }

  #release(): void {
    for (const stripe of this.#kept()) stripe.release()
  }

  async #fillWindows(body: AsyncIterable<Uint8Array>): Promise<void> {
    const { clock, compute } = this.#floor
    const filler = new WindowFiller({
      clock,
      from: this.#carryRoom,
      to: this.#capacity,
      open: () => this.#openSlot(),
      othersWait: () => compute.waiting > 0,
      leave: (window) => this.#leave(window, false),
    })
    try {
      for await (const piece of body) {
        this.#hash.update(piece)
        this.#size += piece.length
        noteMoved(piece.length)
        if (this.#size > FILE_BYTES_MAX)
          throw new HoldfastError('body_too_large', `a file is at most ${FILE_BYTES_MAX} bytes`)
        await filler.add(piece)
        if (this.#failure !== undefined) throw this.#failure.cause
      }
      this.#leave(await filler.end(), true)
    } catch (error) {
      filler.abandon()
      throw error
    }
  }

  async #openSlot(): Promise<StripeSlot> {
    while (this.#underway.size >= WINDOWS_MAX) await Promise.race(this.#underway)
    if (this.#failure !== undefined) throw this.#failure.cause
    return await this.#floor.compute.open(this.#slotSize, this.#options.signal)
  }

  /** Sends a filled window on its way; the next may be filled meanwhile. */
  #leave(filled: FilledWindow, final: boolean): void {
    const { slot } = filled
    const cut = this.#cutWindow(filled, this.#carry, final)
    const sent = cut.then(({ fresh }) => this.#send(slot, fresh))
    const pages = cut.then((named) => named.pages)
    this.#carry = cut.then(({ rest }) => rest)
    this.#paged = this.#commitPages(pages, [this.#paged, sent])
    const note = (error: unknown): void => {
      this.#failure ??= { cause: error }
    }
    // Whoever needs the rest sees the failure too; `window` reports it.
    this.#carry.catch(() => {})
    this.#paged.catch(note)
    const window = sent.catch(note).finally(() => this.#underway.delete(window))
    this.#underway.add(window)
  }

  /** Names the chunks of a window, in order, and copies out what is left. */
  async #cutWindow({ slot, end }: FilledWindow, carried: Promise<Uint8Array>, final: boolean): Promise<Cut> {
    try {
      const carry = await carried
      const offset = this.#carryRoom - carry.length
      copyInto(slot.plain, offset, carry)
      freeBytes(carry)
      this.#giveCarried()
      const chunks = await this.#cut(slot, { from: offset, to: end, final })
      const from = offset + chunks.reduce((sum, { length }) => sum + length, 0)
      const isCarried = this.#carried.tryTake(end - from)
      if (isCarried) this.#carriedBytes = end - from
      else chunks.push(...(await this.#cut(slot, { from, to: end, final: true })))
      const rest = slot.plain.slice(isCarried ? from : end, end)
      const pages: number[] = []
      for (const { id, length } of chunks) {
        const page = this.#cutter.add(id, length)
        if (page !== undefined) pages.push(this.#pages.push(page) - 1)
        this.#chunks++
        this.#loneChunk = id
      }
      const fresh = chunks.filter(({ id }) => !this.#onTheirWay.has(id))
      for (const { id } of fresh) this.#onTheirWay.add(id)
      return { rest, fresh, pages }
    } catch (error) {
      slot.release()
      throw error
    }
  }

  #cut(slot: StripeSlot, { from, to, final }: { from: number; to: number; final: boolean }): Promise<NamedChunk[]> {
    const { keys } = this.#bucket.plan
    const sizes = this.#bucket.policy.chunking
    return slot.cut({ keys, offset: from, length: to - from, byContent: this.#options.byContent, sizes, final })
  }

  #giveCarried(): void {
    this.#carried.give(this.#carriedBytes)
    this.#carriedBytes = 0
  }

  async #send(slot: StripeSlot, fresh: readonly NamedChunk[]): Promise<void> {
    const stripe = await this.#store(slot, fresh)
    if (stripe === undefined) {
      this.#forget(fresh)
      return
    }
    const sent = { stripe, fresh }
    this.#uncommitted.add(sent)
    this.#commitsAsItGoes ||= this.#uncommitted.size > UNCOMMITTED_STRIPES_MAX
    if (this.#commitsAsItGoes) await this.#commit(sent)
  }

  /** Undefined where all chunks were known. */
  async #store(slot: StripeSlot, fresh: readonly NamedChunk[]): Promise<SentStripe | undefined> {
    let wanted: readonly NamedChunk[]
    try {
      wanted = this.#options.useKnown ? await this.#floor.known.without(this.#bucket.id, fresh) : fresh
    } catch (error) {
      slot.release()
      throw error
    }
    if (wanted.length > 0) {
      return await this.#floor.stripes.send(slot, { ...this.#bucket.plan, compress: this.#options.compress }, wanted)
    }
    slot.release()
    return undefined
  }

  async #commit(sent: Sent): Promise<void> {
    await sent.stripe.commit()
    if (!this.#uncommitted.delete(sent)) return
    this.#forget(sent.fresh)
    if (this.#holders.has(sent.stripe.session)) sent.stripe.release()
    else this.#holders.set(sent.stripe.session, sent.stripe)
  }

  /** From now on a look-up finds them. */
  #forget(fresh: readonly NamedChunk[]): void {
    for (const { id } of fresh) this.#onTheirWay.delete(id)
  }

  /** `before`: their chunks are durable, those of the windows before too. */
  async #commitPages(ended: Promise<readonly number[]>, before: readonly Promise<void>[]): Promise<void> {
    const [pages] = await Promise.all([ended, ...before])
    if (pages.length === 0 || !this.#commitsAsItGoes) return
    await Promise.all([...this.#uncommitted].map((sent) => this.#commit(sent)))
    const { session } = this.#options
    for (const at of pages) {
      const page = this.#pages[at]
      assert(page !== undefined && page.entries !== null, 'a page is committed once')
      await this.#floor.catalog.write(commitPage, {
        session,
        bucket: this.#bucket.id,
        page: page.page,
        entries: page.entries,
      })
      this.#pages[at] = { ...page, entries: null }
    }
  }

  async #settle(): Promise<void> {
    await Promise.all(this.#underway)
    if (this.#failure !== undefined) throw this.#failure.cause
    await this.#paged
  }
}
