/**
 * Takes away what nobody can reach any more: chunks, pages and stripes without references, shards that such stripes leave on the
 * nodes, and *debris*, the shards of uploads that never came to their commit. What decides is in the catalog's transactions;
 * here is the order of the steps:
 *
 *     1  condemn            whatever has no reference gets a number
 *     2  roll               new work goes on under a new session, so that the old ones can end
 *     3  reap               what was condemned before every living session is deleted, and its shards are ordered away
 *     4  orders             each node purges what it was ordered to; an order stays until its node has confirmed it
 *     5  debris             what nodes hold of dead sessions is compared with the catalog: `debris.ts`
 *     6  answers            completed Idempotency-Keys go after a day
 *     7  changes            the oldest ones go from the outbox
 *
 * What a step cannot do now, because a node is away, the next run does.
 */
import type { Id } from '@holdfast/core/wire/ids.ts'
import type { Catalog } from '../catalog/catalog.ts'
import { type Collectable, collectable } from '../catalog/transactions/collectable.ts'
import { type CollectionPosition, type CondemnArgs, condemn } from '../catalog/transactions/condemn.ts'
import { ordersDone } from '../catalog/transactions/orders-done.ts'
import { pendingOrders } from '../catalog/transactions/pending-orders.ts'
import { outboxHorizon, pruneIdempotency, pruneOutbox } from '../catalog/transactions/prune.ts'
import { type ReapArgs, reap } from '../catalog/transactions/reap.ts'
import type { Clock } from '../seams/clock.ts'
import { Debris } from './debris.ts'
import type { Nodes } from './nodes.ts'
import type { Sessions } from './sessions.ts'

/** Rows of one transaction, so that it stays short. */
const ROWS_AT_ONCE = 1000
const ORDERS_AT_ONCE = 1000
/** How long a repeated Idempotency-Key hears the first answer. */
const ANSWERS_KEPT_MS = 24 * 3600_000
/** A change stays in the outbox for a week, and while it is among the newest million: about 300 MB. */
const CHANGES_KEPT_MS = 7 * 24 * 3600_000
const CHANGES_KEPT_MAX = 1_000_000

export interface Reaped {
  readonly chunks: number
  readonly pages: number
  readonly stripes: number
  /** Shards that no commit ever named. */
  readonly debris: number
}

export class Reaper {
  readonly #catalog: Catalog
  readonly #nodes: Nodes
  readonly #sessions: Sessions
  readonly #clock: Clock
  readonly #lineage: Id
  readonly #debris: Debris
  #running: Promise<Reaped> | undefined

  constructor(catalog: Catalog, nodes: Nodes, sessions: Sessions, clock: Clock, lineage: Id, deadSessionsMax?: number) {
    this.#catalog = catalog
    this.#nodes = nodes
    this.#sessions = sessions
    this.#clock = clock
    this.#lineage = lineage
    this.#debris = new Debris(catalog, nodes, clock, lineage, deadSessionsMax)
  }

  /** One run at a time; who asks meanwhile gets the result of the one that runs. */
  run(): Promise<Reaped> {
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined
    })
    return this.#running
  }

  /** What nothing refers to now: a run takes it, or a later one where a session still holds on to it. */
  async collectable(): Promise<Collectable> {
    const total = { chunks: 0, pages: 0, stripes: 0 }
    let after: CollectionPosition | null = null
    do {
      const found: Collectable & { next: CollectionPosition | null } = await this.#catalog.scan(collectable, { after })
      after = found.next
      total.chunks += found.chunks
      total.pages += found.pages
      total.stripes += found.stripes
    } while (after !== null)
    return total
  }

  async #run(): Promise<Reaped> {
    // After a sleep of the machine our own leases look run out, though nobody else has used the time.
    await this.#sessions.renew()
    await this.#condemn()
    await this.#sessions.roll()
    const reaped = await this.#reap()
    for (const { number } of this.#nodes.all()) if (this.#nodes.isOnline(number)) await this.#carryOut(number)
    const debris = await this.#debris.clear()
    await this.#forgetAnswers()
    await this.#forgetChanges()
    return { ...reaped, debris }
  }

  async #condemn(): Promise<void> {
    let after: CollectionPosition | null = null
    do {
      const args: CondemnArgs = { nowMs: this.#clock.now(), limit: ROWS_AT_ONCE, after }
      after = (await this.#catalog.write(condemn, args)).next
    } while (after !== null)
  }

  async #reap(): Promise<Omit<Reaped, 'debris'>> {
    const total = { chunks: 0, pages: 0, stripes: 0 }
    let after: ReapArgs['after'] = null
    do {
      const args: ReapArgs = { limit: ROWS_AT_ONCE, nowMs: this.#clock.now(), after }
      const done = await this.#catalog.write(reap, args)
      after = done.next
      total.chunks += done.chunks
      total.pages += done.pages
      total.stripes += done.stripes.length
    } while (after !== null)
    return total
  }

  /** Sends a node its orders, the oldest first. */
  async #carryOut(node: number): Promise<void> {
    for (;;) {
      const orders = await this.#catalog.read(pendingOrders, { node, limit: ORDERS_AT_ONCE })
      if (orders.length === 0) return
      for (const [sequence, alike] of Map.groupBy(orders, (order) => order.sequence)) {
        const ids = alike.map(({ stripe, index }) => ({ stripe, index }))
        try {
          await this.#nodes.store(node).purge(ids, { lineage: this.#lineage, sequence })
        } catch (error) {
          this.#nodes.noteFailure(node, error)
          return
        }
      }
      await this.#catalog.write(ordersDone, { node, orders })
    }
  }

  async #forgetAnswers(): Promise<void> {
    const beforeMs = this.#clock.now() - ANSWERS_KEPT_MS
    while ((await this.#catalog.write(pruneIdempotency, { beforeMs, limit: ROWS_AT_ONCE })) === ROWS_AT_ONCE);
  }

  async #forgetChanges(): Promise<void> {
    const beforeMs = this.#clock.now() - CHANGES_KEPT_MS
    const upTo = await this.#catalog.scan(outboxHorizon, { beforeMs, keptRows: CHANGES_KEPT_MAX })
    if (upTo === null) return
    while ((await this.#catalog.write(pruneOutbox, { upTo, limit: ROWS_AT_ONCE })) === ROWS_AT_ONCE);
  }
}
