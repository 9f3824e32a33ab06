import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { HoldfastError } from '@holdfast/core/wire/errors.ts'
import { chunkNamed, TestCatalog } from '../catalog/test-catalog.test-support.ts'
import { nodeStarted } from '../catalog/transactions/node-started.ts'
import { shardsDamaged } from '../catalog/transactions/shards-damaged.ts'
import { CatalogAge } from './catalog-age.ts'
import { ClusterHealth } from './health.ts'
import { Nodes } from './nodes.ts'
import { Tally } from './tally.ts'

const ROOM_BYTES = 3 * 1024 * 1024

/** Five nodes, the health that is said of them, and a catalog to say it from. */
class Cluster implements Disposable {
  readonly catalog = new TestCatalog()
  readonly nodes = new Nodes({ link: () => assert.fail('health asks no node') }, () => {})
  readonly age = new CatalogAge(7)
  readonly tally = new Tally()
  readonly #health = new ClusterHealth(
    { read: async (transaction, args) => this.catalog.run(transaction, args) },
    this.nodes,
    this.tally,
    this.age,
  )
  readonly #who = [1, 2, 3, 4, 5].map(() => ({ node: this.catalog.ids.next(), disk: this.catalog.ids.next() }))

  constructor() {
    for (const [index, { node: id }] of this.#who.entries()) {
      const at = { name: `drive-${index + 1}`, zone: 'z', capacityBytes: ROOM_BYTES, freeBytes: ROOM_BYTES }
      this.start(index + 1, 5)
      this.nodes.add({ ...at, id, number: index + 1, region: 'here', weight: 1, state: 'online', writable: true })
    }
  }

  start(number: number, starts: number): void {
    const who = this.#who[number - 1] ?? assert.fail()
    const at = { zone: 'z', name: `drive-${number}`, capacityBytes: 1, freeBytes: 1, segmentEnds: [] }
    this.catalog.run(nodeStarted, { ...who, ...at, starts, start: this.catalog.ids.next(), nowMs: 1 })
  }

  stripe() {
    return this.catalog.commitStripe({ session: this.catalog.openSession(), chunks: [chunkNamed('a')] }).stripe.stripe
  }

  lose(number: number): void {
    this.nodes.noteFailure(number, new HoldfastError('node_unavailable', 'away'))
  }

  async said() {
    const { state, readable, writable } = await this.#health.health()
    return [state, readable, writable]
  }

  async states(): Promise<string> {
    return (await this.#health.health()).nodes.map(({ state }) => state).join(' ')
  }

  isWritableWithout(number: number): Promise<boolean> {
    return this.#health.isWritableWithout(number)
  }

  [Symbol.dispose](): void {
    this.catalog[Symbol.dispose]()
  }
}

describe('the health of the cluster', () => {
  it('is optimal where nothing is stored, and unknown where all is, for nobody has read it back', async () => {
    using cluster = new Cluster()
    assert.deepEqual(await cluster.said(), ['optimal', true, true])
    cluster.stripe()
    assert.deepEqual(await cluster.said(), ['unknown', true, true])
  })

  it('is told by the nodes where nothing is stored, and calls nothing readable when none is there', async () => {
    using cluster = new Cluster()
    cluster.lose(1)
    assert.deepEqual(await cluster.said(), ['degraded', true, true])
    for (const number of [2, 3, 4]) cluster.lose(number)
    assert.deepEqual(await cluster.said(), ['degraded', true, false])
    cluster.lose(5)
    assert.deepEqual(await cluster.said(), ['critical', false, false])
  })

  it('is recovery, read and not written, while the catalog is older than a node', async () => {
    using cluster = new Cluster()
    cluster.stripe()
    assert.equal(cluster.age.note('drive-1', 7), undefined)
    assert.deepEqual(await cluster.said(), ['unknown', true, true])
    assert.match(cluster.age.note('drive-2', 8) ?? '', /drive-2 has heard number 8 .* this one came to 7\./)
    assert.equal(cluster.age.note('drive-3', 9), undefined, 'once is enough')
    assert.deepEqual(await cluster.said(), ['recovery', true, false])
    assert.equal(await cluster.isWritableWithout(1), false)
  })

  it('follows the nodes that are away', async () => {
    using cluster = new Cluster()
    cluster.stripe()
    cluster.lose(1)
    assert.deepEqual(await cluster.said(), ['degraded', true, true])
    cluster.lose(2)
    assert.deepEqual(await cluster.said(), ['degraded', true, false])
    cluster.lose(3)
    assert.deepEqual(await cluster.said(), ['critical', false, false])
  })

  it('counts for writes whoever a write counts on: also who is silent, not who hangs, has no room or takes nothing new', async () => {
    using cluster = new Cluster()
    const { nodes } = cluster
    const put = new Promise<boolean>(() => undefined)
    const isWritable = async (): Promise<unknown> => (await cluster.said())[2]
    for (const number of [1, 2, 3, 4, 5]) nodes.noteSilence(number, put)
    assert.equal(await isWritable(), true)
    nodes.noteHang(1, put)
    assert.equal(await isWritable(), true)
    for (const change of [{ weight: 0 }, { freeBytes: 1000 }, { writable: false }]) {
      const before = nodes.get(2) ?? assert.fail()
      nodes.add({ ...before, ...change })
      assert.equal(await isWritable(), false, JSON.stringify(change))
      nodes.add(before)
    }
  })

  it('sees a stripe that has lost a shard besides the nodes that are away', async () => {
    using cluster = new Cluster()
    const stripe = cluster.stripe()
    cluster.catalog.run(shardsDamaged, { stripe, indexes: [3], state: 'damaged' })
    assert.deepEqual(await cluster.said(), ['degraded', true, true])
    cluster.lose(1)
    assert.deepEqual(await cluster.said(), ['degraded', true, true])
    cluster.lose(2)
    assert.deepEqual(await cluster.said(), ['critical', false, false])
    cluster.catalog.run(shardsDamaged, { stripe, indexes: [0, 1], state: 'missing' })
    assert.deepEqual(await cluster.said(), ['lost', false, false])
  })

  it('does not count a lost shard and its own node twice', async () => {
    using cluster = new Cluster()
    cluster.catalog.run(shardsDamaged, { stripe: cluster.stripe(), indexes: [0], state: 'missing' })
    cluster.lose(1)
    cluster.lose(2)
    assert.deepEqual(await cluster.said(), ['degraded', true, false])
  })

  it('counts a node that the catalog knows and nobody here does as away', async () => {
    using cluster = new Cluster()
    cluster.stripe()
    const { ids } = cluster.catalog
    const other = { node: ids.next(), disk: ids.next(), start: ids.next() }
    const at = { zone: 'z', name: 'drive-6', capacityBytes: 1, freeBytes: 1, segmentEnds: [] }
    cluster.catalog.run(nodeStarted, { ...other, ...at, starts: 1, nowMs: 1 })
    assert.deepEqual(await cluster.said(), ['degraded', true, true])
  })

  it('says that a disk went back in time, and relies on none of its shards', async () => {
    using cluster = new Cluster()
    cluster.stripe()
    cluster.start(2, 3)
    assert.equal(await cluster.states(), 'online suspect online online online')
    assert.deepEqual(await cluster.said(), ['unknown', true, true])
    cluster.lose(1)
    assert.deepEqual(await cluster.said(), ['degraded', true, true])
    cluster.lose(3)
    assert.deepEqual(await cluster.said(), ['degraded', false, false])
    cluster.lose(2)
    assert.equal(await cluster.states(), 'offline offline offline online online')
    assert.deepEqual(await cluster.said(), ['critical', false, false])
  })

  it('asks for the nodes of the bucket that needs most, whichever it is', async () => {
    using cluster = new Cluster()
    const needs = (bucket: number, writeQuorum: number): unknown =>
      cluster.catalog.engine.query('UPDATE buckets SET write_quorum = ? WHERE name = ?', [
        writeQuorum,
        `bucket-${bucket}`,
      ])
    for (let bucket = 0; bucket < 1100; bucket++) cluster.catalog.makeBucket(`bucket-${bucket}`)
    cluster.lose(1)
    assert.deepEqual(await cluster.said(), ['degraded', true, true])
    assert.equal(await cluster.isWritableWithout(2), false)
    assert.equal(await cluster.isWritableWithout(1), true)
    needs(999, 5)
    assert.deepEqual(await cluster.said(), ['degraded', true, false])
  })
})
