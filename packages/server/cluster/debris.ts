/**
 * Debris is what a node holds of a session that has ended and that the catalog does not name there: shards of uploads that never came
 * to their commit, or copies on a node that was replaced because it was silent. Each node is cleared of it by itself, so
 * that one that is away costs the others nothing:
 *
 *     close     the node takes no put any more that is older than every living session
 *     compare   what it holds of each dead session's block is held against the catalog, and the rest is purged
 *     note      up to which number that is done; rows of sessions that no node is behind are forgotten
 *
 * The order of the first two is what makes it final. However long a put was held up, by a network, a hung disk or a gateway that
 * slept, it either came before the list, and is in it, or is refused.
 *
 * A node that is new, or was away for longer than dead sessions are kept, is *walked*: compared in all that it holds, or in all that it
 * holds since then, some of it in each run.
 */
import { asStripeId, type Id, type StripeId, sessionOf } from '@holdfast/core/wire/ids.ts'
import type { Catalog } from '../catalog/catalog.ts'
import type { NodeRow } from '../catalog/rows.ts'
import { closeSessions, deadSessions, forgetSessions } from '../catalog/transactions/dead-sessions.ts'
import { listNodes } from '../catalog/transactions/list-nodes.ts'
import { nodeCompared } from '../catalog/transactions/node-compared.ts'
import { shardsOf } from '../catalog/transactions/shards-of.ts'
import type { Clock } from '../seams/clock.ts'
import type { ShardId, ShardStore } from '../storage/shard-store.ts'
import type { Nodes } from './nodes.ts'

const LISTED_AT_ONCE = 1000
/** Blocks that one run compares on a node: each costs a look into it. */
const SESSIONS_AT_ONCE = 200
/** A run walks past 100,000 shards of a node, which takes about a second: 37 million in six hours. */
const WALKED_PAGES_AT_ONCE = 100
/** A week in which a session ends each minute: 650 KB. */
const DEAD_SESSIONS_MAX = 10_000
const INDEX_MAX = 255
const WALK_BEGINS = asStripeId('0'.repeat(32))

export class Debris {
  readonly #catalog: Catalog
  readonly #nodes: Nodes
  readonly #clock: Clock
  readonly #lineage: Id
  readonly #deadSessionsMax: number

  constructor(catalog: Catalog, nodes: Nodes, clock: Clock, lineage: Id, deadSessionsMax = DEAD_SESSIONS_MAX) {
    this.#catalog = catalog
    this.#nodes = nodes
    this.#clock = clock
    this.#lineage = lineage
    this.#deadSessionsMax = deadSessionsMax
  }

  /** Answers how many shards went. */
  async clear(): Promise<number> {
    const below = await this.#catalog.write(closeSessions, { nowMs: this.#clock.now() })
    let cleared = 0
    for (const row of await this.#catalog.read(listNodes, {})) {
      // A node that is silent is another time's work: its list would wait for the put that hangs, and count as a failure.
      const isAsked = this.#nodes.isOnline(row.number) && !this.#nodes.isSilent(row.number)
      if (isAsked) cleared += await this.#clearNode(row, below)
    }
    await this.#catalog.write(forgetSessions, { below, keptMax: this.#deadSessionsMax })
    return cleared
  }

  async #clearNode(row: NodeRow, below: number): Promise<number> {
    if (row.walkedTo !== null) return await this.#walk(row, row.walkedTo)
    if (row.comparedTo > 0) return await this.#compare(row, below)
    if (await this.#close(row.number, below)) await this.#note(row, below, WALK_BEGINS)
    return 0
  }

  /** In the blocks of the sessions that died since it was compared. */
  async #compare(row: NodeRow, below: number): Promise<number> {
    const { number, comparedTo: from } = row
    const dead = await this.#catalog.read(deadSessions, { from, below, limit: SESSIONS_AT_ONCE })
    if (dead.length === 0 || !(await this.#close(number, below))) return 0
    let [cleared, comparedTo] = [0, from]
    for (const each of dead) {
      const clearedOf = await this.#clearBlock(number, each.session, below)
      if (clearedOf === undefined) break
      cleared += clearedOf
      comparedTo = each.sequence + 1
    }
    await this.#note(row, comparedTo, null)
    return cleared
  }

  /** In all that it held when the walk began, or when it was closed further because too many sessions had died meanwhile. */
  async #walk(row: NodeRow, from: StripeId): Promise<number> {
    if (!(await this.#close(row.number, row.comparedTo))) return 0
    // What stands behind the index 0 of the last stripe was perhaps looked at already.
    let after: ShardId | null = { stripe: from, index: 0 }
    let cleared = 0
    for (let pages = 0; pages < WALKED_PAGES_AT_ONCE && after !== null; pages++) {
      const page: Page | undefined = await this.#clearPage(row.number, after, () => true, row.comparedTo)
      if (page === undefined) break
      cleared += page.cleared
      after = page.last
    }
    await this.#note(row, row.comparedTo, after?.stripe ?? null)
    return cleared
  }

  /** Undefined where the node fails, also below. */
  async #clearBlock(node: number, session: Id, below: number): Promise<number | undefined> {
    // The session's own id ends in zeros and names no stripe: it is where its block begins.
    let after: ShardId | null = { stripe: asStripeId(session), index: INDEX_MAX }
    let cleared = 0
    while (after !== null) {
      const page: Page | undefined = await this.#clearPage(node, after, (id) => sessionOf(id.stripe) === session, below)
      if (page === undefined) return undefined
      cleared += page.cleared
      after = page.last
    }
    return cleared
  }

  /**
   * Only what was put below the closed number is judged, and only that is purged: anything later may still come to its commit, and be the
   * same shard again.
   */
  async #clearPage(
    node: number,
    after: ShardId,
    isAsked: (id: ShardId) => boolean,
    below: number,
  ): Promise<Page | undefined> {
    const listed = await this.#ask(node, (store) => store.list({ after, limit: LISTED_AT_ONCE }))
    if (listed === undefined) return undefined
    const entries = listed.filter(({ id }) => isAsked(id))
    const old = entries.filter(({ order }) => order.lineage === this.#lineage && order.sequence < below)
    const stripes = [...new Set(old.map(({ id }) => id.stripe))]
    // Not a mere look: one that was made under such a session, and comes to its end only now, must fail on this.
    const named = new Set((await this.#catalog.write(shardsOf, { stripes })).map(nameOf))
    const debris = old.map(({ id }) => id).filter((id) => !named.has(nameOf({ ...id, node })))
    if (debris.length > 0) {
      const order = { lineage: this.#lineage, sequence: below }
      const isPurged = await this.#ask(node, (store) => store.purge(debris, order).then(() => true))
      if (isPurged === undefined) return undefined
    }
    const last = entries.length < LISTED_AT_ONCE ? undefined : entries.at(-1)
    return { last: last?.id ?? null, cleared: debris.length }
  }

  async #close(node: number, below: number): Promise<boolean> {
    const order = { lineage: this.#lineage, sequence: below }
    return (await this.#ask(node, (store) => store.closePuts(order).then(() => true))) ?? false
  }

  async #note({ number, comparedTo: before }: NodeRow, comparedTo: number, walkedTo: StripeId | null): Promise<void> {
    await this.#catalog.write(nodeCompared, { number, before, comparedTo, walkedTo })
  }

  async #ask<Answer>(node: number, act: (store: ShardStore) => Promise<Answer>): Promise<Answer | undefined> {
    try {
      return await act(this.#nodes.store(node))
    } catch (error) {
      this.#nodes.noteFailure(node, error)
      return undefined
    }
  }
}

interface Page {
  /** Null where the list has come to its end. */
  readonly last: ShardId | null
  readonly cleared: number
}

function nameOf({ stripe, index, node }: ShardId & { readonly node: number }): string {
  return `${stripe} ${index} ${node}`
}
