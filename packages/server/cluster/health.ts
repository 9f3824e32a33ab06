/**
 * How what is stored fares, as far as it can be said without reading it. A stripe has one shard on each of n nodes, so that with
 * `away` nodes gone it keeps at least n − away. Nothing here has been read back from a disk, so that what is complete is
 * *unknown*, never *optimal*; only an empty cluster is.
 */
import type { Policy } from '@holdfast/core/wire/policy.ts'
import type { StoredState } from '@holdfast/core/wire/rest/cluster.ts'
import type { Catalog } from '../catalog/catalog.ts'
import { listBuckets } from '../catalog/transactions/list-buckets.ts'
import { storedExtent } from '../catalog/transactions/stored-extent.ts'
import type { Nodes, NodeView } from './nodes.ts'

const BUCKETS_LOOKED_AT_MAX = 1000

export interface Health {
  readonly state: StoredState
  readonly readable: boolean
  readonly writable: boolean
}

export class ClusterHealth {
  readonly #catalog: Catalog
  readonly #nodes: Nodes

  constructor(catalog: Catalog, nodes: Nodes) {
    this.#catalog = catalog
    this.#nodes = nodes
  }

  nodes(): readonly NodeView[] {
    return this.#nodes.all()
  }

  /** @throws catalog_unavailable */
  async health(): Promise<Health> {
    const shapes = await this.#shapes()
    const { isEmpty, isIncomplete } = await this.#catalog.read(storedExtent, {})
    const all = this.#nodes.all()
    const away = all.filter(({ state }) => state !== 'online').length
    const writable = this.#canWrite(shapes, undefined)
    const readable = shapes.every(({ parity }) => away <= parity)
    if (isEmpty) return { state: 'optimal', readable: true, writable }
    if (!readable) return { state: 'critical', readable, writable }
    return { state: away > 0 || isIncomplete ? 'degraded' : 'unknown', readable, writable }
  }

  async isWritableWithout(node: NodeView): Promise<boolean> {
    return this.#canWrite(await this.#shapes(), node)
  }

  #canWrite(shapes: readonly Policy['redundancy'][], without: NodeView | undefined): boolean {
    const takers = this.#nodes.all().filter(({ writable, number }) => writable && number !== without?.number).length
    return shapes.every(({ writeQuorum }) => takers >= writeQuorum)
  }

  async #shapes(): Promise<Policy['redundancy'][]> {
    const { items } = await this.#catalog.read(listBuckets, { limit: BUCKETS_LOOKED_AT_MAX })
    return items.map(({ policy }) => (JSON.parse(policy) as Policy).redundancy)
  }
}
