import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Catalog } from '../catalog/catalog.ts'
import { chunkNamed, TestCatalog } from '../catalog/test-catalog.test-support.ts'
import type { Transaction } from '../catalog/transaction.ts'
import { endSession } from '../catalog/transactions/end-session.ts'
import { ManualClock } from '../seams/manual-clock.test-support.ts'
import { Nodes } from './nodes.ts'
import { Reaper } from './reaper.ts'
import { Sessions } from './sessions.ts'

const DAY_MS = 24 * 3600_000

/** A reaper over a catalog in memory, and no nodes. */
class Collected implements Catalog {
  readonly clock = new ManualClock()
  readonly catalog = new TestCatalog()

  async write<Args, Result>(transaction: Transaction<Args, Result>, args: Args): Promise<Result> {
    return this.catalog.run(transaction, args)
  }

  async read<Args, Result>(transaction: Transaction<Args, Result>, args: Args): Promise<Result> {
    return this.catalog.run(transaction, args)
  }

  scan<Args, Result>(transaction: Transaction<Args, Result>, args: Args): Promise<Result> {
    return this.read(transaction, args)
  }

  async reaper(): Promise<Reaper> {
    const { ids, gateway } = this.catalog
    const sessions = await Sessions.open(this, this.clock, ids, gateway)
    const nodes = new Nodes({ link: () => assert.fail('there are no nodes') }, () => {})
    return new Reaper(this, nodes, sessions, this.clock, ids.next())
  }

  /** Makes the catalog's ids, and what it writes, as old as the clock says. */
  advance(ms: number): void {
    this.clock.advance(ms)
    this.catalog.nowMs = this.clock.now()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.catalog[Symbol.dispose]()
  }
}

describe('a run of collection', () => {
  it('takes changes from the outbox after a week, and knows how many went', async () => {
    await using collected = new Collected()
    const { catalog } = collected
    collected.advance(0)
    const reaper = await collected.reaper()
    await reaper.run()
    const counts = () => [
      catalog.count('SELECT count(*) FROM outbox'),
      catalog.count('SELECT changes_gone FROM cluster'),
    ]
    const [, before = 0] = counts()
    for (let change = 0; change < 2500; change++) catalog.commitVersion('a', {})
    collected.advance(6 * DAY_MS)
    catalog.commitVersion('b', {})
    await reaper.run()
    assert.deepEqual(counts(), [2501, before])
    collected.advance(DAY_MS + 1)
    await reaper.run()
    assert.deepEqual(counts(), [1, before + 2500])
  })

  it('counts beforehand what it takes, over as many calls as it needs', async () => {
    await using collected = new Collected()
    const { catalog } = collected
    collected.advance(0)
    const reaper = await collected.reaper()
    const session = catalog.openSession()
    for (let stripe = 0; stripe < 3; stripe++) {
      catalog.commitStripe({ session, chunks: Array.from({ length: 3000 }, (_, i) => chunkNamed(`${stripe} ${i}`)) })
    }
    assert.deepEqual(await reaper.collectable(), { chunks: 0, pages: 0, stripes: 0 })
    catalog.run(endSession, { session: session.session })
    assert.deepEqual(await reaper.collectable(), { chunks: 9000, pages: 0, stripes: 0 })
    assert.equal((await reaper.run()).chunks, 9000)
    // A stripe is found empty when its chunks have gone.
    assert.deepEqual(await reaper.collectable(), { chunks: 0, pages: 0, stripes: 3 })
    assert.equal((await reaper.run()).stripes, 3)
    assert.deepEqual(await reaper.collectable(), { chunks: 0, pages: 0, stripes: 0 })
  })
})
