/**
 * What a node wrote since it was last heard of, held against the catalog before the node serves. How far its segments went was told with
 * that report, and a disk that is behind it has gone back; but one that lost only what came later looks whole:
 *
 *     segment    ████████████████████▒▒▒▒▒▒▒▒
 *                     the last report┘      └the last receipt: a disk that ends anywhere between is not known to be behind
 *
 * The catalog knows those shards by their stripes, whose ids grow with time. What the node does not list of them is only expected there from
 * then on: it is not relied upon and not called safe, and still tried by who reads, for a disk that cannot be read now may come to itself.
 */
import type { StripeId } from '@holdfast/core/wire/ids.ts'
import type { Catalog } from '../catalog/catalog.ts'
import { type DurableShard, durableOn } from '../catalog/transactions/durable-on.ts'
import { shardsUnlisted } from '../catalog/transactions/shards-unlisted.ts'
import type { ShardEntry, ShardStore } from '../storage/shard-store.ts'

const STRIPES_AT_ONCE = 1000
const LISTED_AT_ONCE = 1000
const INDEX_MAX = 255

/** Answers of how many stripes behind `after` the node lacks what it acknowledged. */
export async function noteUnlistedShards(
  catalog: Pick<Catalog, 'scan' | 'write'>,
  store: Pick<ShardStore, 'list'>,
  node: number,
  after: StripeId,
): Promise<number> {
  const held = new HeldShards(store, after)
  let lost = 0
  for (let from: StripeId | null = after; from !== null; ) {
    const page: { shards: DurableShard[]; next: StripeId | null } = await catalog.scan(durableOn, {
      node,
      after: from,
      limit: STRIPES_AT_ONCE,
    })
    const stripes: StripeId[] = []
    for (const shard of page.shards) if (!(await held.has(shard))) stripes.push(shard.stripe)
    if (stripes.length > 0) lost += await catalog.write(shardsUnlisted, { node, stripes })
    from = page.next
  }
  return lost
}

/** A node's list beside one of the same order: both go forward only. */
class HeldShards {
  readonly #store: Pick<ShardStore, 'list'>
  #page: readonly ShardEntry[] = []
  #at = 0
  #after: ShardEntry['id'] | null

  constructor(store: Pick<ShardStore, 'list'>, after: StripeId) {
    this.#store = store
    this.#after = { stripe: after, index: INDEX_MAX }
  }

  async has({ stripe, index, sha256 }: DurableShard): Promise<boolean> {
    for (;;) {
      const entry = this.#page[this.#at] ?? (await this.#nextPage())
      if (entry === undefined || entry.id.stripe > stripe) return false
      if (entry.id.stripe === stripe && entry.id.index > index) return false
      this.#at++
      if (entry.id.stripe === stripe && entry.id.index === index) return entry.sha256 === sha256
    }
  }

  async #nextPage(): Promise<ShardEntry | undefined> {
    if (this.#after === null) return undefined
    this.#page = await this.#store.list({ after: this.#after, limit: LISTED_AT_ONCE })
    this.#at = 0
    const last = this.#page.length < LISTED_AT_ONCE ? undefined : this.#page.at(-1)
    this.#after = last?.id ?? null
    return this.#page[0]
  }
}
