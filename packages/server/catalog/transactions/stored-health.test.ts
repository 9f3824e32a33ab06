import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { ShardState } from '../rows.ts'
import { chunkNamed, TestCatalog } from '../test-catalog.test-support.ts'
import { nodeStarted } from './node-started.ts'
import { shardArrived } from './shard-arrived.ts'
import { shardsDamaged } from './shards-damaged.ts'
import { storedHealth } from './stored-health.ts'

const ALL = [1, 2, 3, 4, 5]

/** Five nodes; 3 + 2 lies on all of them, shard by shard. */
class Stored extends TestCatalog {
  readonly #who = ALL.map(() => ({ node: this.ids.next(), disk: this.ids.next() }))
  #chunks = 0

  constructor() {
    super()
    for (const number of ALL) this.start(number, 5)
  }

  start(number: number, starts: number): void {
    const who = this.#who[number - 1] ?? assert.fail()
    const at = { zone: 'z', name: `drive-${number}`, capacityBytes: 1, freeBytes: 1, segmentEnds: [] }
    this.run(nodeStarted, { ...who, ...at, starts, start: this.ids.next(), nowMs: this.nowMs })
  }

  add(...states: ShardState[]) {
    const chunks = [chunkNamed(`${this.#chunks++}`)]
    return this.commitStripe({ session: this.openSession(), chunks, ...(states.length > 0 && { states }) }).stripe
  }

  health(there: readonly number[] = ALL) {
    const { existing, onNodesThere, certain, isIncomplete } = this.run(storedHealth, { there })
    return { existing, onNodesThere, certain, isIncomplete }
  }
}

const even = (spare: number) => ({ existing: spare, onNodesThere: spare, certain: spare })

describe('the health of what is stored', () => {
  it('is that of nothing where nothing is stored', () => {
    using catalog = new Stored()
    const { isEmpty, existing, isNodeAway, rolledBack, writeQuorum } = catalog.run(storedHealth, { there: [1] })
    assert.deepEqual([isEmpty, existing, isNodeAway, rolledBack, writeQuorum], [true, Infinity, true, [], 4])
  })

  it('is that of the worst stripe', () => {
    using catalog = new Stored()
    for (let count = 0; count < 3; count++) catalog.add()
    assert.deepEqual(catalog.health(), { ...even(2), isIncomplete: false })
    const bad = catalog.add()
    catalog.run(shardsDamaged, { stripe: bad.stripe, indexes: [4], state: 'damaged' })
    assert.deepEqual(catalog.health(), { ...even(1), isIncomplete: true })
    catalog.run(shardsDamaged, { stripe: bad.stripe, indexes: [0, 1], state: 'missing' })
    assert.deepEqual(catalog.health(), { ...even(-1), isIncomplete: true })
  })

  it('counts a shard that a stripe lacks and its node that is away once, and each of them where they differ', () => {
    using catalog = new Stored()
    catalog.add()
    catalog.add('durable', 'durable', 'durable', 'durable', 'expected')
    assert.equal(catalog.health([1, 2, 3, 4]).onNodesThere, 1)
    assert.equal(catalog.health([2, 3, 4, 5]).onNodesThere, 0)
    assert.equal(catalog.health([2, 3, 4]).onNodesThere, 0)
    assert.equal(catalog.health([3, 4, 5]).onNodesThere, -1)
  })

  it('takes no comfort from a node whose disk went back in time', () => {
    using catalog = new Stored()
    catalog.add()
    catalog.start(2, 3)
    assert.deepEqual(catalog.run(storedHealth, { there: ALL }).rolledBack, [2])
    assert.deepEqual(catalog.health(), { existing: 2, onNodesThere: 2, certain: 1, isIncomplete: false })
    assert.deepEqual(catalog.health([1, 2, 3]), { existing: 2, onNodesThere: 0, certain: -1, isIncomplete: false })
  })

  it('knows what is lost from what is only not there', () => {
    using catalog = new Stored()
    const { stripe, shards } = catalog.add('durable', 'durable', 'durable', 'durable', 'expected')
    catalog.run(shardsDamaged, { stripe, indexes: [0, 1], state: 'missing' })
    assert.deepEqual(catalog.health(), { ...even(-1), existing: 0, isIncomplete: true })
    const arrived = shards[4] ?? assert.fail()
    catalog.run(shardArrived, { stripe, ...arrived })
    assert.deepEqual(catalog.health(), { ...even(0), isIncomplete: true })
  })

  it('takes as many steps as there are groups, however many stripes there are', () => {
    using catalog = new Stored()
    for (let count = 0; count < 50; count++) catalog.add()
    for (let count = 0; count < 50; count++) catalog.add('durable', 'expected', 'durable', 'durable', 'durable')
    const asked = catalog.statementsOf(() => catalog.health([1, 2, 3, 4]))
    assert.ok(asked.length <= 8, `${asked.length} statements`)
    const plans = asked.map((sql) => {
      const args = Array(sql.split('?').length - 1).fill(0)
      return catalog.engine.query(`EXPLAIN QUERY PLAN ${sql}`, args).map(({ detail }) => detail)
    })
    // A range over both columns at once, (spare,lacking)>, would be walked row by row.
    assert.deepEqual(
      new Set(plans.flat()),
      new Set([
        'SCAN nodes',
        'SEARCH buckets USING COVERING INDEX buckets_by_quorum',
        'SEARCH stripes USING COVERING INDEX stripes_by_spare (spare>?)',
        'SEARCH stripes USING COVERING INDEX stripes_by_spare (spare=? AND lacking>?)',
      ]),
    )
  })

  it('counts what it did not come to as the worst that it could be', () => {
    using catalog = new Stored()
    catalog.add()
    // As many groups as there are pairs of nodes in a large cluster, none of them the one that is asked for.
    for (let node = 10; node < 1020; node++) {
      const stripe = catalog.add('durable', 'expected', 'durable', 'durable', 'durable')
      const lacking = Uint8Array.of(0, 0, node >> 8, node & 255, 2)
      catalog.engine.query('UPDATE stripes SET lacking = ? WHERE stripe_id = ?', [
        lacking,
        Buffer.from(stripe.stripe, 'hex'),
      ])
    }
    const { onNodesThere, certain } = catalog.health([3, 4, 5])
    assert.ok(onNodesThere <= -1 && certain <= -1)
  })
})
