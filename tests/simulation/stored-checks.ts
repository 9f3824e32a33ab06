/**
 * What must be true of the stored bytes once all is calm, seen with an eye that a client does not have: what the catalog calls
 * durable is whole on its node, unless the run destroyed it; a file is refused only where too few shards are left; and nodes
 * keep nothing that the catalog does not name.
 */

import { hasCode } from '@holdfast/core/wire/errors.ts'
import type { ChunkId, Id, StripeId } from '@holdfast/core/wire/ids.ts'
import { decodeEntries } from '@holdfast/server/catalog/page-list.ts'
import { STRIPE_COLUMNS, stripeRow } from '@holdfast/server/catalog/row-readers.ts'
import type { ShardRow, StripeRow } from '@holdfast/server/catalog/rows.ts'
import { query, type Transaction } from '@holdfast/server/catalog/transaction.ts'
import { placesOf, readPage, readPlan } from '@holdfast/server/catalog/transactions/read-plan.ts'
import type { SimulatedCluster } from './cluster.ts'
import type { PathModel } from './model.ts'
import type { SimulatedNode } from './simulated-node.ts'
import { count, type Trace } from './trace.ts'
import { demand } from './violation.ts'

const allStripes: Transaction<Record<never, never>, StripeRow[]> = {
  name: 'allStripes',
  *run() {
    return (yield* query(`SELECT ${STRIPE_COLUMNS} FROM stripes s ORDER BY s.stripe_id`)).map((row) => stripeRow(row))
  },
}

/** Orders that a node has not confirmed, dead sessions that it is behind, and whether it is still walked. */
const leftovers: Transaction<{ number: number }, boolean> = {
  name: 'leftovers',
  *run({ number }) {
    const [node] = yield* query('SELECT compared_to, walked_to FROM nodes WHERE number = ?', number)
    const [order] = yield* query('SELECT 1 AS one FROM node_orders WHERE node = ? LIMIT 1', number)
    const from = Number(node?.['compared_to'])
    const [dead] = yield* query('SELECT 1 AS one FROM sessions WHERE ended = 1 AND sequence >= ? LIMIT 1', from)
    return order !== undefined || dead !== undefined || from === 0 || node?.['walked_to'] !== null
  },
}

const deadSessions: Transaction<Record<never, never>, number> = {
  name: 'deadSessions',
  *run() {
    const [row] = yield* query('SELECT count(*) AS dead FROM sessions WHERE ended = 1')
    return Number(row?.['dead'])
  },
}

export class StoredChecks {
  readonly #cluster: SimulatedCluster
  readonly #trace: Trace

  constructor(cluster: SimulatedCluster, trace: Trace) {
    this.#cluster = cluster
    this.#trace = trace
  }

  /** A doomed node may have lost anything; on the others what is called durable is there, and nothing is called damaged. */
  async everyDurableShardIsWhole(): Promise<void> {
    for (const stripe of this.#stripes()) {
      for (const shard of stripe.shards) {
        const node = this.#honest(shard)
        if (node === undefined) continue
        const what = `shard ${shard.index} of ${stripe.stripe} on ${node.name}`
        demand(shard.state !== 'damaged', `${what} is called damaged, and the disk is honest`)
        if (shard.state !== 'durable') continue
        const bytes = await node.store?.get({ stripe: stripe.stripe, index: shard.index }).catch((error: unknown) => {
          demand(hasCode(error, 'shard_not_found', 'shard_corrupt'), `${what}: ${error}`)
          return undefined
        })
        demand(bytes?.length === stripe.shardBytes, `${what} is called durable, and is not there`)
      }
    }
  }

  /** Whoever refuses a file now has too few shards of one of its stripes. */
  async isRefusedWithReason(path: PathModel, code: string, version?: Id): Promise<void> {
    demand(code === 'file_unavailable', `reading ${path.name} in a calm is refused with ${code}`)
    const stripes = await this.#stripesOf(path, version)
    const weak = stripes.some((stripe) => this.#honestShards(stripe) < stripe.dataShards)
    demand(weak, `${path.name} is refused although enough shards of each of its stripes are whole`)
    count(this.#trace.answers, 'calm refusals')
  }

  /** Whether collection has anything left that it could do now. */
  isQuiescent(): boolean {
    const { catalog, nodes } = this.#cluster
    const there = nodes.filter(({ isGone }) => !isGone)
    return there.every(({ number }) => catalog?.look(leftovers, { number }) === false)
  }

  /** However long a node is away, and for good. */
  deadSessionsAreFew(max: number): void {
    const dead = this.#cluster.catalog?.look(deadSessions, {}) ?? 0
    demand(dead <= max, `${dead} dead sessions are kept`)
  }

  async noDebris(): Promise<void> {
    const named = new Map<StripeId, StripeRow>(this.#stripes().map((stripe) => [stripe.stripe, stripe]))
    for (const node of this.#cluster.nodes) {
      if (node.isGone || node.isDamaged || node.store === undefined) continue
      const entries = await node.store.list({ limit: 10_000 })
      for (const { id } of entries) {
        const shard = named.get(id.stripe)?.shards.find((each) => each.node === node.number && each.index === id.index)
        demand(
          shard !== undefined,
          `${node.name} keeps shard ${id.index} of ${id.stripe}, which the catalog does not name there`,
        )
      }
    }
  }

  #stripes(): StripeRow[] {
    return this.#cluster.catalog?.look(allStripes, {}) ?? []
  }

  #honest({ node: number }: ShardRow): SimulatedNode | undefined {
    return this.#cluster.nodes.find((node) => node.number === number && !node.isDoomed)
  }

  #honestShards({ shards }: StripeRow): number {
    return shards.filter((shard) => shard.state === 'durable' && this.#honest(shard) !== undefined).length
  }

  async #stripesOf({ bucket: { name }, path }: PathModel, version?: Id): Promise<StripeRow[]> {
    const { catalog, gateway } = this.#cluster
    demand(catalog !== undefined && gateway !== undefined, 'a gateway is there')
    const bucket: Id = (await gateway.buckets.get(name)).bucketId
    const plan = catalog.look(readPlan, { bucket, path, ...(version !== undefined && { version }) })
    const { chunk, pages } = plan?.version ?? { chunk: null, pages: null }
    const chunks: ChunkId[] = chunk === null ? [] : [chunk]
    for (const { page } of pages ?? []) {
      const entries = catalog.look(readPage, { bucket, page })
      if (entries !== null) chunks.push(...decodeEntries(entries).map((entry) => entry.chunk))
    }
    return catalog.look(placesOf, { bucket, chunks }).stripes
  }
}
