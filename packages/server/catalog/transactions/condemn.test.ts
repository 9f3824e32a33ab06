import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { StripeId } from '@holdfast/core/wire/ids.ts'
import { chunkNamed, pageOf, TestCatalog } from '../test-catalog.test-support.ts'
import { collectable } from './collectable.ts'
import { condemn } from './condemn.ts'
import { endSession, endSessionsOf } from './end-session.ts'
import { ordersDone } from './orders-done.ts'
import { pendingOrders } from './pending-orders.ts'
import { reap } from './reap.ts'

const names = (count: number) => Array.from({ length: count }, (_, index) => chunkNamed(String(index)))

function mark(catalog: TestCatalog, limit = 100) {
  return catalog.run(condemn, { nowMs: catalog.nowMs, limit })
}

function sweep(catalog: TestCatalog, limit = 100) {
  return catalog.run(reap, { limit, nowMs: catalog.nowMs })
}

describe('condemn', () => {
  it('marks what nothing refers to and whose session has ended', () => {
    using catalog = new TestCatalog()
    const [a, b, c] = [chunkNamed('a'), chunkNamed('b'), chunkNamed('c')]
    const [ended, alive] = [catalog.openSession(), catalog.openSession()]
    catalog.commitStripe({ session: ended, chunks: [a, b] })
    catalog.commitStripe({ session: alive, chunks: [c] })
    catalog.commitVersion('x', { sessions: [ended.session], chunk: a })
    catalog.run(endSession, { session: ended.session })
    const { sequence, chunks, pages, stripes, next } = mark(catalog)
    assert.deepEqual([chunks, pages, stripes, next], [1, 0, 0, null])
    assert.equal(sequence, alive.sequence + 1)
    assert.equal(catalog.count('SELECT condemned FROM chunks WHERE condemned IS NOT NULL'), sequence)
    assert.deepEqual(mark(catalog), { sequence, chunks: 0, pages: 0, stripes: 0, next: null })
  })

  it('marks what a count before it has counted, and the count leaves all as it is', () => {
    using catalog = new TestCatalog()
    const [ended, alive] = [catalog.openSession(), catalog.openSession()]
    catalog.commitStripe({ session: ended, chunks: names(7) })
    catalog.commitStripe({ session: alive, chunks: [chunkNamed('c')] })
    catalog.commitVersion('x', { sessions: [ended.session], chunk: chunkNamed('0') })
    catalog.run(endSession, { session: ended.session })
    const count = () => catalog.run(collectable, { after: null })
    assert.deepEqual(count(), { chunks: 6, pages: 0, stripes: 0, next: null })
    assert.equal(catalog.count('SELECT count(*) FROM chunks WHERE condemned IS NOT NULL'), 0)
    assert.equal(mark(catalog).chunks, 6)
    assert.deepEqual(count(), { chunks: 6, pages: 0, stripes: 0, next: null })
  })

  it('ends sessions whose lease has run out', () => {
    using catalog = new TestCatalog()
    catalog.commitStripe({ session: catalog.openSession(), chunks: names(1) })
    assert.equal(mark(catalog).chunks, 0)
    catalog.nowMs += 60_000
    assert.equal(mark(catalog).chunks, 1)
  })

  it('proves by slots and rows what the counts say', () => {
    using catalog = new TestCatalog()
    catalog.put('slot', chunkNamed('a'))
    catalog.put('row', chunkNamed('b'))
    catalog.commitVersion('page', { pages: [pageOf([chunkNamed('b')])] })
    catalog.commitVersion('row', { versionsKept: 1 })
    assert.equal(catalog.count('SELECT count(*) FROM chunks WHERE holder_id IS NULL'), 1)
    assert.equal(catalog.count('SELECT count(*) FROM chunk_refs'), 1)
    catalog.run(endSessionsOf, {})
    catalog.engine.query('UPDATE chunks SET refs = 0')
    catalog.engine.query('UPDATE pages SET refs = 0')
    const { chunks, pages } = mark(catalog)
    assert.deepEqual([chunks, pages], [0, 0])
    catalog.engine.query('UPDATE chunks SET condemned = 1')
    catalog.engine.query('UPDATE pages SET condemned = 1')
    const reaped = sweep(catalog)
    assert.deepEqual([reaped.chunks, reaped.pages], [0, 0])
  })

  it('goes through a bucket call by call', () => {
    using catalog = new TestCatalog()
    catalog.commitStripe({ session: catalog.openSession(), chunks: names(25) })
    catalog.run(endSessionsOf, {})
    let marked = 0
    let calls = 0
    for (let after = mark(catalog, 0).next; after !== null; calls++) {
      const { chunks, next } = catalog.run(condemn, { nowMs: 0, limit: 10, after })
      marked += chunks
      after = next
    }
    assert.deepEqual([marked, calls], [25, 3])
  })
})

describe('reap', () => {
  it('waits for every session that was opened before the mark', () => {
    using catalog = new TestCatalog()
    const [first, reader] = [catalog.openSession(), catalog.openSession()]
    catalog.commitStripe({ session: first, chunks: names(1) })
    catalog.run(endSession, { session: first.session })
    mark(catalog)
    const later = catalog.openSession()
    assert.equal(sweep(catalog).chunks, 0)
    catalog.run(endSession, { session: reader.session })
    assert.equal(sweep(catalog).chunks, 1)
    assert.equal(catalog.count('SELECT live_chunks FROM stripes'), 0)
    assert.equal(catalog.count('SELECT live_bytes FROM stripes'), 0)
    assert.equal(mark(catalog).stripes, 1)
    assert.equal(sweep(catalog).stripes.length, 0)
    catalog.run(endSession, { session: later.session })
    assert.equal(sweep(catalog).stripes.length, 1)
  })

  it('lets go of what a page held', () => {
    using catalog = new TestCatalog()
    const session = catalog.openSession()
    catalog.commitStripe({ session, chunks: names(3) })
    const pages = [pageOf(names(3))]
    catalog.commitVersion('x', { sessions: [session.session], pages })
    catalog.commitVersion('x', { sessions: [session.session], versionsKept: 1 })
    catalog.run(endSessionsOf, {})
    assert.deepEqual([mark(catalog).pages, sweep(catalog).pages], [1, 1])
    assert.equal(catalog.count('SELECT count(*) FROM page_entries'), 0)
    assert.equal(catalog.count('SELECT count(*) FROM chunk_refs'), 0)
    assert.deepEqual([mark(catalog).chunks, sweep(catalog).chunks], [3, 3])
    assert.deepEqual([mark(catalog).stripes, sweep(catalog).stripes.length], [1, 1])
  })

  it('orders the shards of a stripe away, and keeps the orders until they are confirmed', () => {
    using catalog = new TestCatalog()
    const deleted: StripeId[] = []
    for (let each = 0; each < 3; each++) {
      const session = catalog.openSession()
      deleted.push(catalog.commitStripe({ session, chunks: [] }).stripe.stripe)
    }
    catalog.run(endSessionsOf, {})
    const before = catalog.openSession()
    const { sequence, stripes } = sweep(catalog)
    assert.equal(sequence, before.sequence + 1)
    assert.deepEqual(stripes.map(({ stripe }) => stripe).sort(), deleted.sort())
    assert.deepEqual(stripes[0]?.nodes, [1, 2, 3, 4, 5])
    const orders = catalog.run(pendingOrders, { node: 2, limit: 10 })
    assert.deepEqual(
      orders,
      deleted.map((stripe) => ({ stripe, index: 1, sequence, deed: 'purge' })),
    )
    catalog.run(ordersDone, { node: 2, orders: orders.slice(0, 2) })
    assert.deepEqual(catalog.run(pendingOrders, { node: 2, limit: 10 }), orders.slice(2))
    assert.equal(catalog.run(pendingOrders, { node: 1, limit: 10 }).length, 3)
    assert.equal(sweep(catalog).sequence, sequence)
  })
})
