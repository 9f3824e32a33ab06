/**
 * The way of a stripe out of a slot: sealed by a worker, written to its nodes, and then committed to the catalog by whoever owns
 * it. What was still on its way at the answer is followed up: an arrival makes the shard durable, a failure makes it missing.
 */
import type { ChunkId, Id } from '@holdfast/core/wire/ids.ts'
import type { Catalog } from '../catalog/catalog.ts'
import type { ChunkPlace, NewStripe } from '../catalog/rows.ts'
import { commitStripe } from '../catalog/transactions/commit-stripe.ts'
import { shardArrived } from '../catalog/transactions/shard-arrived.ts'
import { shardsDamaged } from '../catalog/transactions/shards-damaged.ts'
import type { ChunkKeys, NamedChunk, StripeShape, StripeSlot } from '../compute/compute.ts'
import type { Clock } from '../seams/clock.ts'
import type { CatalogAge } from './catalog-age.ts'
import type { Sessions, StripeTicket } from './sessions.ts'
import { type LateShard, NOTHING_SENT, StripeNotWritten, type StripeWriter } from './write-stripe.ts'

/** What the stripes of a bucket look like. */
export interface StripePlan {
  readonly keys: ChunkKeys
  readonly shape: StripeShape
  readonly writeQuorum: number
  readonly compress: boolean
}

/** Durable on a write quorum, and not yet in the catalog. */
export class SentStripe {
  readonly session: Id
  readonly chunks: readonly ChunkId[]
  readonly #commit: () => Promise<void>
  readonly #ticket: StripeTicket
  readonly #decided: Promise<void>
  #committed: Promise<void> | undefined
  #holders = 1

  constructor(ticket: StripeTicket, chunks: readonly ChunkId[], decided: Promise<void>, commit: () => Promise<void>) {
    this.session = ticket.pin.session
    this.chunks = chunks
    this.#ticket = ticket
    this.#decided = decided
    this.#commit = commit
  }

  /** The stripe commit: made once, however many files ask for it. */
  commit(): Promise<void> {
    this.#committed ??= this.#commit()
    return this.#committed
  }

  /** For further files that use it. */
  hold(more: number): void {
    this.#holders += more
  }

  /** Once by each holder, when its version is committed or never will be. */
  release(): void {
    this.#holders--
    if (this.#holders === 0) releaseWhen(this.#decided, this.#ticket)
  }
}

export class StripesOut {
  readonly #catalog: Catalog
  readonly #sessions: Sessions
  readonly #writer: StripeWriter
  readonly #clock: Clock
  readonly #lineage: Id
  readonly #age: CatalogAge

  constructor(catalog: Catalog, sessions: Sessions, writer: StripeWriter, clock: Clock, lineage: Id, age: CatalogAge) {
    this.#catalog = catalog
    this.#sessions = sessions
    this.#writer = writer
    this.#clock = clock
    this.#lineage = lineage
    this.#age = age
  }

  /** Takes the slot over: it is released when no node reads its memory any more. */
  async send(slot: StripeSlot, plan: StripePlan, chunks: readonly NamedChunk[]): Promise<SentStripe> {
    let aftermath = NOTHING_SENT
    let ticket: StripeTicket | undefined
    try {
      // No node gets what could not be committed.
      this.#age.assertCurrent()
      ticket = await this.#sessions.stripe()
      const { stripe, sequence, pin } = ticket
      const { keys, shape, writeQuorum, compress } = plan
      const sealed = await slot.seal({ stripe, keys, shape, chunks, compress })
      const order = { lineage: this.#lineage, sequence }
      const { memoryBytes } = slot
      const write = { stripe, bucket: keys.bucket, shape, writeQuorum, order, sealed, memoryBytes }
      const written = await this.#writer.write(write)
      aftermath = written.aftermath
      const row: NewStripe = {
        stripe,
        bucket: keys.bucket,
        ...shape,
        shardBytes: sealed.shardBytes,
        sequence,
        shards: written.shards,
        createdAt: this.#clock.now(),
      }
      const places = sealed.places.map((place): ChunkPlace => ({ ...place, stripe }))
      const commit = async (): Promise<void> => {
        await this.#catalog.write(commitStripe, {
          session: pin.session,
          stripe: row,
          places,
          away: this.#writer.away(),
        })
        this.#follow(row, written.late)
      }
      const ids = chunks.map(({ id }) => id)
      return new SentStripe(ticket, ids, aftermath.decided, commit)
    } catch (error) {
      if (error instanceof StripeNotWritten) aftermath = error.aftermath
      if (ticket !== undefined) releaseWhen(aftermath.decided, ticket)
      throw error instanceof StripeNotWritten ? error.cause : error
    } finally {
      aftermath.settled.then(() => slot.release()).catch(() => {})
    }
  }

  #follow({ stripe, shards }: NewStripe, late: readonly LateShard[]): void {
    for (const { index, node, arrived } of late) {
      arrived
        .then(async (durable) => {
          const sha256 = shards[index]?.sha256
          if (durable && sha256 !== undefined) await this.#catalog.write(shardArrived, { stripe, index, node, sha256 })
          else await this.#catalog.write(shardsDamaged, { stripe, indexes: [index], node, state: 'missing' })
        })
        // The row says `expected`, which is still true; whoever looks for incomplete stripes finds it.
        .catch(() => {})
    }
  }
}

/**
 * A session waits for its puts, but not for one that was given up: a hung disk would hold up all collection. Where such a put goes
 * on later, its node has closed the puts of that session, or still has to be compared for it.
 */
function releaseWhen(decided: Promise<void>, { pin }: StripeTicket): void {
  decided.then(() => pin.release()).catch(() => {})
}
