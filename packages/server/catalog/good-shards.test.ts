import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { chunkNamed, TestCatalog } from './test-catalog.test-support.ts'
import { commitStripe } from './transactions/commit-stripe.ts'
import { findChunks } from './transactions/find-chunks.ts'
import { nodeStarted } from './transactions/node-started.ts'
import { shardsDamaged } from './transactions/shards-damaged.ts'

const chunk = chunkNamed('a')

/** Five nodes, and a chunk in 3 + 2 on all of them. */
class Stored extends TestCatalog {
  readonly #who = Array.from({ length: 5 }, () => ({ node: this.ids.next(), disk: this.ids.next() }))
  readonly stored

  constructor() {
    super()
    for (let number = 1; number <= 5; number++) this.start(number, 5)
    this.stored = this.commitStripe({ session: this.openSession(), chunks: [chunk] }).stripe.stripe
  }

  start(number: number, starts: number): void {
    const who = this.#who[number - 1] ?? assert.fail()
    const at = { zone: 'z', name: `drive-${number}`, capacityBytes: 1, freeBytes: 1, segmentEnds: [] }
    this.run(nodeStarted, { ...who, ...at, starts, start: this.ids.next(), nowMs: this.nowMs })
  }

  isFound(away: readonly number[] = []): boolean {
    return this.run(findChunks, { bucket: this.bucket, chunks: [chunk], goodShardsNeeded: true, away }).length === 1
  }
}

describe('the shards of disks that went back in time', () => {
  it('do not keep a chunk from being stored again', () => {
    using catalog = new Stored()
    catalog.start(1, 3)
    assert.equal(catalog.isFound(), true)
    catalog.start(2, 3)
    assert.equal(catalog.isFound(), false)
    const { stripe, lost } = catalog.commitStripe({ session: catalog.openSession(), chunks: [chunk] })
    assert.deepEqual(lost, [])
    const place = { bucket: catalog.bucket, chunks: [chunk], goodShardsNeeded: false }
    assert.equal(catalog.run(findChunks, place)[0]?.stripe, stripe.stripe)
  })

  it('are missed beside those that are damaged, and once where both are the same', () => {
    for (const [index, isFound] of [
      [0, true],
      [1, false],
    ] as const) {
      using catalog = new Stored()
      catalog.start(1, 3)
      catalog.run(shardsDamaged, { stripe: catalog.stored, indexes: [index], state: 'damaged' })
      assert.equal(catalog.isFound(), isFound)
    }
  })

  it('cost one more question, and none while there is no such disk', () => {
    using catalog = new Stored()
    assert.equal(catalog.statementsOf(() => catalog.isFound()).length, 1)
    catalog.start(1, 3)
    assert.equal(catalog.statementsOf(() => catalog.isFound()).length, 2)
  })
})

describe('the shards of nodes that are away', () => {
  it('do not keep a chunk from being stored again where too few of the others are left to read it', () => {
    using catalog = new Stored()
    assert.equal(catalog.isFound([1, 2]), true)
    assert.equal(catalog.isFound([1, 2, 3]), false)
    const away = [1, 2, 3]
    const session = catalog.openSession()
    const made = catalog.stripe({ session, chunks: [chunk] })
    const { lost } = catalog.run(commitStripe, { session: session.session, ...made, away })
    assert.deepEqual(lost, [])
    const again = catalog.stripe({ session, chunks: [chunk] })
    const kept = catalog.run(commitStripe, { session: session.session, ...again, away: [1, 2] })
    assert.deepEqual(kept.lost, [chunk])
  })

  it('count with those of disks that went back in time', () => {
    using catalog = new Stored()
    catalog.start(1, 3)
    assert.equal(catalog.isFound([2]), true)
    assert.equal(catalog.isFound([2, 3]), false)
  })
})
