import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Catalog } from '../catalog/catalog.ts'
import { TestCatalog } from '../catalog/test-catalog.test-support.ts'
import type { Transaction } from '../catalog/transaction.ts'
import { Nodes } from '../cluster/nodes.ts'
import { ManualClock } from '../seams/manual-clock.test-support.ts'
import { systemRandom } from '../seams/random.ts'
import { Buckets } from './buckets.ts'
import { MasterKeys, makeMasterKey } from './keys/master-keys.ts'

const admin = { principal: 'admin', requestId: 'test' }

/** Gateways that share a catalog, as on PostgreSQL: what one changes, the others are not told of. */
class Shared implements Catalog {
  readonly clock = new ManualClock()
  readonly #catalog = new TestCatalog()
  readonly #nodes = new Nodes({ link: () => assert.fail('no node is asked') }, () => {})
  readonly #keys: MasterKeys
  /** Every read answers only after this. */
  gate: Promise<void> = Promise.resolve()
  reads = 0

  constructor() {
    const { ids } = this.#catalog
    this.#keys = new MasterKeys([makeMasterKey(systemRandom, ids)], systemRandom)
    for (let number = 1; number <= 5; number++) {
      const at = { zone: `zone-${number}`, region: 'here', weight: 1, capacityBytes: 1, freeBytes: 1 }
      this.#nodes.add({ ...at, number, id: ids.next(), name: `${number}`, state: 'online', writable: true })
    }
  }

  gateway(): Buckets {
    return new Buckets(this, this.#keys, this.#nodes, {
      clock: this.clock,
      ids: this.#catalog.ids,
      random: systemRandom,
    })
  }

  async write<Args, Result>(transaction: Transaction<Args, Result>, args: Args): Promise<Result> {
    return this.#catalog.run(transaction, args)
  }

  async read<Args, Result>(transaction: Transaction<Args, Result>, args: Args): Promise<Result> {
    this.reads++
    const answer = this.#catalog.run(transaction, args)
    await this.gate
    return answer
  }

  scan<Args, Result>(transaction: Transaction<Args, Result>, args: Args): Promise<Result> {
    return this.read(transaction, args)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#catalog[Symbol.dispose]()
  }
}

const kept = async (buckets: Buckets): Promise<number> => (await buckets.use('photos')).policy.versionsKept

describe('a bucket in memory', () => {
  it('is asked for once in a second, however often it is used', async () => {
    await using shared = new Shared()
    const buckets = shared.gateway()
    await buckets.create('photos', {}, admin)
    for (let use = 0; use < 10; use++) await buckets.use('photos')
    assert.equal(shared.reads, 1)
    shared.clock.advance(1000)
    await buckets.use('photos')
    assert.equal(shared.reads, 2)
  })

  it('follows a change that is made here at once, and one of another gateway within a second', async () => {
    await using shared = new Shared()
    const [one, two] = [shared.gateway(), shared.gateway()]
    await one.create('photos', { versionsKept: 5 }, admin)
    assert.deepEqual([await kept(one), await kept(two)], [5, 5])
    await one.patch('photos', { versionsKept: 6 }, undefined, admin)
    assert.equal(await kept(one), 6)
    shared.clock.advance(1000)
    assert.equal(await kept(two), 6)
  })

  it('is another one within a second where another gateway has deleted it and made it anew', async () => {
    await using shared = new Shared()
    const [one, two] = [shared.gateway(), shared.gateway()]
    await one.create('photos', {}, admin)
    const before = (await two.use('photos')).id
    await one.delete('photos', false, admin)
    await assert.rejects(async () => one.use('photos'), { code: 'bucket_not_found' })
    shared.clock.advance(1000)
    await assert.rejects(async () => two.use('photos'), { code: 'bucket_not_found' })
    await one.create('photos', {}, admin)
    assert.notEqual((await two.use('photos')).id, before)
    assert.equal((await two.use('photos')).id, (await one.use('photos')).id)
  })

  it('is not kept as it was before a change that came while it was loaded', async () => {
    await using shared = new Shared()
    const buckets = shared.gateway()
    await buckets.create('photos', { versionsKept: 5 }, admin)
    const { promise, resolve } = Promise.withResolvers<void>()
    shared.gate = promise
    const early = kept(buckets)
    shared.gate = Promise.resolve()
    await buckets.patch('photos', { versionsKept: 6 }, undefined, admin)
    resolve()
    assert.equal(await early, 5)
    assert.equal(await kept(buckets), 6)
  })

  it('takes changes of two gateways at the same time, one on top of the other', async () => {
    await using shared = new Shared()
    const [one, two] = [shared.gateway(), shared.gateway()]
    await one.create('photos', {}, admin)
    await Promise.all([
      one.patch('photos', { versionsKept: 6 }, undefined, admin),
      two.patch('photos', { compression: 'off' }, undefined, admin),
    ])
    const { policy, etag } = await one.get('photos')
    assert.deepEqual([policy.versionsKept, policy.compression, etag], [6, 'off', '"3"'])
    const seen = [one, two].map((each, index) => each.patch('photos', { versionsKept: 7 + index }, etag, admin))
    assert.deepEqual((await Promise.allSettled(seen)).map(({ status }) => status).sort(), ['fulfilled', 'rejected'])
  })
})
