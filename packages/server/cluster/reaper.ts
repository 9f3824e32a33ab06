/**
 * Takes away what nobody can reach any more: chunks, pages and stripes without references, shards that such stripes leave on the
 * nodes, and *debris*, the shards of uploads that never came to their commit. What decides is in the catalog's transactions;
 * here is the order of the steps:
 *
 *     1  condemn            whatever has no reference gets a number
 *     2  roll               new work goes on under a new session, so that the old ones can end
 *     3  reap               what was condemned before every living session is deleted, and its shards are ordered away
 *     4  orders             each node purges what it was ordered to; an order stays until its node has confirmed it
 *     5  debris             a dead session's block is compared with the catalog on every node, and then forgotten
 *     6  answers            completed Idempotency-Keys go after a day
 *     7  changes            the oldest ones go from the outbox
 *
 * What a step cannot do now, because a node is away, the next run does.
 */
import type { Id } from '@holdfast/core/wire/ids.ts'
import { asStripeId, sessionOf } from '@holdfast/core/wire/ids.ts'
import type { Catalog } from '../catalog/catalog.ts'
import { type Collectable, collectable } from '../catalog/transactions/collectable.ts'
import { type CollectionPosition, type CondemnArgs, condemn } from '../catalog/transactions/condemn.ts'
import { deadSessions, forgetSession, shardsOf } from '../catalog/transactions/dead-sessions.ts'
import { ordersDone } from '../catalog/transactions/orders-done.ts'
import { pendingOrders } from '../catalog/transactions/pending-orders.ts'
import { outboxHorizon, pruneIdempotency, pruneOutbox } from '../catalog/transactions/prune.ts'
import { type ReapArgs, reap } from '../catalog/transactions/reap.ts'
import type { Clock } from '../seams/clock.ts'
import type { ShardId } from '../storage/shard-store.ts'
import type { Nodes } from './nodes.ts'
import type { Sessions } from './sessions.ts'

/** Rows of one transaction, so that it stays short. */
const ROWS_AT_ONCE = 1000
const ORDERS_AT_ONCE = 1000
const LISTED_AT_ONCE = 1000
/** Blocks that one run compares: each costs a look into every node. */
const COMPARED_AT_ONCE = 200
/** Dead sessions that are kept in mind. More pile up where a node is away for a week; then the oldest come first. */
const DEAD_SESSIONS_MAX = 10_000
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
  #running: Promise<Reaped> | undefined
  /** The nodes on which a dead session's block was compared: the rest of them were away. */
  #comparedOn: ReadonlyMap<Id, Set<number>> = new Map()

  constructor(catalog: Catalog, nodes: Nodes, sessions: Sessions, clock: Clock, lineage: Id) {
    this.#catalog = catalog
    this.#nodes = nodes
    this.#sessions = sessions
    this.#clock = clock
    this.#lineage = lineage
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
    const debris = await this.#clearDebris(reaped.sequence)
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

  async #reap(): Promise<{ sequence: number; chunks: number; pages: number; stripes: number }> {
    const total = { sequence: 0, chunks: 0, pages: 0, stripes: 0 }
    let after: ReapArgs['after'] = null
    do {
      const args: ReapArgs = { limit: ROWS_AT_ONCE, nowMs: this.#clock.now(), after }
      const done = await this.#catalog.write(reap, args)
      after = done.next
      total.sequence = done.sequence
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

  /**
   * A dead session commits nothing any more, so that what its block holds beside the shards it committed is debris. Each node is
   * looked into once, and the session forgotten when all have been: one that is away costs the others nothing.
   */
  async #clearDebris(sequence: number): Promise<number> {
    const args = { nowMs: this.#clock.now(), limit: DEAD_SESSIONS_MAX }
    const dead = (await this.#catalog.write(deadSessions, args)).map(({ session }) => session)
    const comparedOn = new Map(dead.map((session) => [session, this.#comparedOn.get(session) ?? new Set<number>()]))
    this.#comparedOn = comparedOn
    let [cleared, compared] = [0, 0]
    for (const [session, done] of comparedOn) {
      // Puts that are still on their way would come after the look.
      if (this.#sessions.holds(session)) continue
      const nodes = this.#nodes.all().map(({ number }) => number)
      const due = nodes.filter((number) => !done.has(number) && this.#nodes.isOnline(number))
      if (due.length > 0) {
        if (compared === COMPARED_AT_ONCE) break
        compared++
        const named = new Set((await this.#catalog.scan(shardsOf, { session })).map(nameOf))
        for (const number of due) {
          const debris = await this.#debrisOn(number, session, named)
          if (debris === undefined || !(await this.#purge(number, debris, sequence))) continue
          done.add(number)
          cleared += debris.length
        }
      }
      if (nodes.every((number) => done.has(number))) await this.#catalog.write(forgetSession, { session })
    }
    return cleared
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

  /** Undefined where the node does not answer. */
  async #debrisOn(node: number, session: Id, named: ReadonlySet<string>): Promise<ShardId[] | undefined> {
    const debris: ShardId[] = []
    // The session's own id ends in zeros and names no stripe: it is where its block begins.
    let after: ShardId = { stripe: asStripeId(session), index: 255 }
    try {
      for (;;) {
        const entries = await this.#nodes.store(node).list({ after, limit: LISTED_AT_ONCE })
        const ofBlock = entries.filter(({ id }) => sessionOf(id.stripe) === session)
        debris.push(...ofBlock.map(({ id }) => id).filter((id) => !named.has(nameOf({ ...id, node }))))
        const last = ofBlock.at(-1)
        if (last === undefined || ofBlock.length < LISTED_AT_ONCE) return debris
        after = last.id
      }
    } catch (error) {
      this.#nodes.noteFailure(node, error)
      return undefined
    }
  }

  async #purge(node: number, ids: readonly ShardId[], sequence: number): Promise<boolean> {
    if (ids.length === 0) return true
    try {
      await this.#nodes.store(node).purge(ids, { lineage: this.#lineage, sequence })
      return true
    } catch (error) {
      this.#nodes.noteFailure(node, error)
      return false
    }
  }
}

function nameOf({ stripe, index, node }: ShardId & { readonly node: number }): string {
  return `${stripe} ${index} ${node}`
}
