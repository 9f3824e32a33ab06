/**
 * How what is stored fares, from what the catalog knows of every shard and from which nodes answer. Nothing here has been read back from
 * a disk, so that what is complete is *unknown*, never *optimal*; only a cluster that stores nothing is, while all its nodes are there.
 * A node whose disk went back in time is *suspect*: it serves, but nothing is called readable because of it until someone has looked
 * what it still holds. Suspect is also one that fails to read too often, which takes no new shards. While the catalog itself is older than
 * its nodes, nothing is written: that is *recovery*.
 */
import { SHARD_BYTES_MAX } from '@holdfast/core/sealing/chunk-format.ts'
import type { StoredState, Warning } from '@holdfast/core/wire/rest/cluster.ts'
import type { Catalog } from '../catalog/catalog.ts'
import { type StoredHealth, storedHealth } from '../catalog/transactions/stored-health.ts'
import type { CatalogAge } from './catalog-age.ts'
import type { Nodes, NodeView } from './nodes.ts'
import type { Tally } from './tally.ts'
import { warningsOf } from './warnings.ts'

export interface NodeStanding extends NodeView {
  /** Shards that reads found damaged or missing on it, since this process started. */
  readonly shardsDamaged: number
  readonly shardsMissing: number
  /** That its disk failed, since it was mounted. */
  readonly readErrors: number
}

export interface Health {
  readonly state: StoredState
  /** Every stripe has the shards that a read needs, on nodes that are there and known. Where no node is there, nothing is readable. */
  readonly readable: boolean
  /** Nodes enough take writes for every bucket, whatever their length. */
  readonly writable: boolean
  readonly nodes: readonly NodeStanding[]
  readonly warnings: readonly Warning[]
}

export class ClusterHealth {
  readonly #catalog: Pick<Catalog, 'read'>
  readonly #nodes: Nodes
  readonly #tally: Pick<Tally, 'ofNode'>
  readonly #age: CatalogAge

  constructor(catalog: Pick<Catalog, 'read'>, nodes: Nodes, tally: Pick<Tally, 'ofNode'>, age: CatalogAge) {
    this.#tally = tally
    this.#catalog = catalog
    this.#nodes = nodes
    this.#age = age
  }

  /** @throws catalog_unavailable */
  async health(): Promise<Health> {
    const stored = await this.#stored()
    const nodes = this.#nodes.all().map((node) => this.#standing(node, stored.rolledBack))
    const isAnyThere = nodes.some(({ number }) => this.#nodes.isOnline(number))
    return {
      state: this.#age.isBehind ? 'recovery' : stateOf(stored, isAnyThere),
      readable: stored.certain >= 0 && isAnyThere,
      writable: !this.#age.isBehind && this.#takers() >= stored.writeQuorum,
      nodes,
      warnings: warningsOf(nodes, stored.rolledBack),
    }
  }

  /** Whether every bucket could still be written to if this node were stopped. @throws catalog_unavailable */
  async isWritableWithout(number: number): Promise<boolean> {
    const { writeQuorum } = await this.#stored()
    return !this.#age.isBehind && this.#takers(number) >= writeQuorum
  }

  #standing(node: NodeView, rolledBack: readonly number[]): NodeStanding {
    const { number, state } = node
    const { damaged, missing } = this.#tally.ofNode(number)
    return {
      ...node,
      state: state === 'online' && rolledBack.includes(number) ? 'suspect' : state,
      shardsDamaged: damaged,
      shardsMissing: missing,
      readErrors: this.#nodes.readErrorsOf(number),
    }
  }

  #takers(without?: number): number {
    return this.#nodes.takers(SHARD_BYTES_MAX).filter(({ number }) => number !== without).length
  }

  async #stored(): Promise<StoredHealth> {
    const there = this.#nodes.all().filter(({ number }) => this.#nodes.isOnline(number))
    return await this.#catalog.read(storedHealth, { there: there.map(({ number }) => number) })
  }
}

function stateOf(stored: StoredHealth, isAnyThere: boolean): StoredState {
  const { isEmpty, existing, onNodesThere, isNodeAway, isIncomplete } = stored
  if (existing < 0) return 'lost'
  if (onNodesThere < 0 || !isAnyThere) return 'critical'
  if (isNodeAway || isIncomplete) return 'degraded'
  return isEmpty ? 'optimal' : 'unknown'
}
