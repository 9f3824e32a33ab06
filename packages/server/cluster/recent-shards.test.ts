import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { asId, asStripeId, type StripeId } from '@holdfast/core/wire/ids.ts'
import type { Catalog } from '../catalog/catalog.ts'
import type { NewStripe } from '../catalog/rows.ts'
import { chunkNamed, hashOf, TestCatalog } from '../catalog/test-catalog.test-support.ts'
import { durableOn } from '../catalog/transactions/durable-on.ts'
import type { ShardEntry, ShardStore } from '../storage/shard-store.ts'
import { noteUnlistedShards } from './recent-shards.ts'

const NODE = 2
const BEGINNING = asStripeId('0'.repeat(32))
const STRIPES = 2500

class World implements Disposable {
  readonly rows = new TestCatalog()
  readonly catalog: Pick<Catalog, 'scan' | 'write'> = {
    write: async (transaction, args) => this.rows.run(transaction, args),
    scan: async (transaction, args) => this.rows.run(transaction, args),
  }
  readonly stripes: NewStripe[] = []
  readonly #sessions: ReturnType<TestCatalog['openSession']>[] = []

  constructor(count: number) {
    for (let made = 0; made < count; made++) this.commit()
  }

  commit(): NewStripe {
    const number = this.stripes.length
    const session = this.#sessions[Math.floor(number / 1000)] ?? this.rows.openSession()
    this.#sessions[Math.floor(number / 1000)] = session
    const { stripe } = this.rows.commitStripe({ session, chunks: [chunkNamed(`chunk ${number}`)] })
    this.stripes.push(stripe)
    return stripe
  }

  durable(node: number): StripeId[] {
    const { shards, next } = this.rows.run(durableOn, { node, after: BEGINNING, limit: 100_000 })
    assert.equal(next, null)
    return shards.map(({ stripe }) => stripe)
  }

  [Symbol.dispose](): void {
    this.rows[Symbol.dispose]()
  }
}

function storeOf(entries: readonly ShardEntry[]): Pick<ShardStore, 'list'> {
  const key = ({ stripe, index }: ShardEntry['id']): string => stripe + String(index).padStart(3, '0')
  const sorted = entries.toSorted((a, b) => (key(a.id) < key(b.id) ? -1 : 1))
  return {
    async list({ after, limit }) {
      return sorted.filter(({ id }) => after === undefined || key(id) > key(after)).slice(0, limit)
    },
  }
}

function entryOf({ stripe, bucket, sequence }: NewStripe, index: number, salt = ''): ShardEntry {
  const order = { lineage: asId('0a'.repeat(16)), sequence }
  return { id: { stripe, index }, lengthBytes: 1, sha256: hashOf(stripe + index + salt), bucket, order, trashed: false }
}

describe('shards that a node lost unseen', () => {
  it('are those that the catalog names behind a stripe, and the node has not, or has otherwise', async () => {
    using world = new World(STRIPES)
    const ordered = world.stripes.toSorted((a, b) => (a.stripe < b.stripe ? -1 : 1))
    const own = ordered.map((stripe) => entryOf(stripe, NODE - 1))
    const debris = ordered.map((stripe) => entryOf(stripe, 4))
    const isLost = (at: number): boolean => at > 100 && (at % 7 === 0 || at > STRIPES - 50)
    const kept = own.filter((_, at) => !isLost(at) && at !== 200)
    const [other] = ordered.slice(200)
    const after = ordered[100]?.stripe
    assert(other !== undefined && after !== undefined)
    const store = storeOf([...kept.slice(1), ...debris, entryOf(other, NODE - 1, 'otherwise')])
    const lost = await noteUnlistedShards(world.catalog, store, NODE, after)

    const expected = ordered.filter((_, at) => isLost(at) || at === 200).map(({ stripe }) => stripe)
    assert.equal(lost, expected.length)
    assert.deepEqual(
      new Set(ordered.map(({ stripe }) => stripe)).difference(new Set(world.durable(NODE))),
      new Set(expected),
    )
    assert.equal(world.durable(1).length, STRIPES)
    assert.equal(await noteUnlistedShards(world.catalog, store, NODE, after), 0)
  })

  it('are none of an honest node, nor of one that nothing was asked of', async () => {
    using world = new World(5)
    const store = storeOf(world.stripes.map((stripe) => entryOf(stripe, NODE - 1)))
    assert.equal(await noteUnlistedShards(world.catalog, store, NODE, BEGINNING), 0)
    assert.equal(await noteUnlistedShards(world.catalog, storeOf([]), 9, BEGINNING), 0)
  })
})
