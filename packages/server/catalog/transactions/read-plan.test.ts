import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { chunkNamed, pageOf, TestCatalog } from '../test-catalog.test-support.ts'
import { deleteFile } from './delete-file.ts'
import { readLone } from './read-lone.ts'
import { placesOf, readPage, readPlan } from './read-plan.ts'

const [a, b, c] = [chunkNamed('a'), chunkNamed('b'), chunkNamed('c')]

describe('readPlan', () => {
  it('finds the current version, and an older one by its id', () => {
    using catalog = new TestCatalog()
    const [first, second] = [catalog.put('x', a), catalog.put('x', b)]
    const at = { bucket: catalog.bucket, path: 'x' }
    const now = catalog.run(readPlan, at)
    assert.deepEqual([now?.file.file, now?.file.version, now?.version.chunk], [first.file, second.version, b])
    const then = catalog.run(readPlan, { ...at, version: first.version })
    assert.deepEqual(
      [then?.file.version, then?.version.version, then?.version.chunk],
      [first.version, first.version, a],
    )
    assert.equal(catalog.run(readPlan, { ...at, path: 'y' }), null)
    assert.equal(catalog.run(readPlan, { ...at, version: catalog.ids.next() }), null)
  })

  it('reads the old versions of a deleted file, but not its marker', () => {
    using catalog = new TestCatalog()
    const { version } = catalog.put('x', a)
    const at = { bucket: catalog.bucket, path: 'x' }
    const args = { ...at, version: catalog.ids.next(), preconditions: {}, versionsKept: 9, change: catalog.change() }
    const marker = catalog.run(deleteFile, args)
    assert.equal(catalog.run(readPlan, at), null)
    assert.equal(catalog.run(readPlan, { ...at, version: marker.version }), null)
    assert.equal(catalog.run(readPlan, { ...at, version })?.version.chunk, a)
  })

  it('leads by pages and places to stripes', () => {
    using catalog = new TestCatalog()
    const session = catalog.openSession()
    const one = catalog.commitStripe({ session, chunks: [a, b] })
    const two = catalog.commitStripe({ session, chunks: [c] })
    const page = pageOf([a, b, c])
    catalog.commitVersion('x', { sessions: [session.session], pages: [page] })
    const { bucket } = catalog
    assert.deepEqual(catalog.run(readPlan, { bucket, path: 'x' })?.version.pages, [
      { page: page.page, entries: 3, plainBytes: page.plainBytes },
    ])
    assert.deepEqual(catalog.run(readPage, { bucket, page: page.page }), page.entries)
    assert.equal(catalog.run(readPage, { bucket, page: catalog.ids.next() }), null)
    const { places, stripes } = catalog.run(placesOf, { bucket, chunks: [a, b, c, a, chunkNamed('?')] })
    assert.deepEqual(places.map((place) => place.chunk).sort(), [a, b, c].sort())
    assert.deepEqual(stripes.map((stripe) => stripe.stripe).sort(), [one.stripe.stripe, two.stripe.stripe].sort())
    assert.deepEqual(
      stripes.find((stripe) => stripe.stripe === one.stripe.stripe),
      { ...one.stripe, condemned: null },
    )
  })
})

describe('readLone', () => {
  it('answers all that a small file needs in one statement', () => {
    using catalog = new TestCatalog()
    const put = catalog.put('x', a)
    const at = { bucket: catalog.bucket, path: 'x' }
    const found = catalog.run(readLone, at)
    const { places, stripes } = catalog.run(placesOf, { bucket: catalog.bucket, chunks: [a] })
    assert.deepEqual([found?.place, found?.stripe], [places[0], stripes[0]])
    assert.deepEqual({ file: found?.file, version: found?.version }, { ...catalog.run(readPlan, at) })
    assert.equal(found?.file.version, put.version)
    assert.equal(catalog.statementsOf(() => catalog.run(readLone, at)).length, 1)
  })

  it('answers no place where there is no lone chunk', () => {
    using catalog = new TestCatalog()
    catalog.commitVersion('empty', {})
    const found = catalog.run(readLone, { bucket: catalog.bucket, path: 'empty' })
    assert.deepEqual([found?.version.size, found?.place, found?.stripe], [0, undefined, undefined])
    assert.equal(catalog.run(readLone, { bucket: catalog.bucket, path: 'gone' }), null)
  })

  it('finds its rows by primary keys', () => {
    using catalog = new TestCatalog()
    const [sql] = catalog.statementsOf(() => catalog.run(readLone, { bucket: catalog.bucket, path: 'x' }))
    const plan = catalog.engine.query(`EXPLAIN QUERY PLAN ${sql}`, [new Uint8Array(), new Uint8Array()])
    assert.equal(plan.length, 4)
    for (const step of plan) assert.match(String(step['detail']), /^SEARCH \w USING PRIMARY KEY/)
  })
})
