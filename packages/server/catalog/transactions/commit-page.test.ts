import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { chunkNamed, pageOf, TestCatalog } from '../test-catalog.test-support.ts'
import { commitPage } from './commit-page.ts'
import { condemn } from './condemn.ts'
import { endSession } from './end-session.ts'

const [a, b] = [chunkNamed('a'), chunkNamed('b')]
const page = pageOf([a, b, a])

describe('commitPage', () => {
  it('stores a page that holds each of its chunks once, before any version does', () => {
    using catalog = new TestCatalog()
    const session = catalog.openSession()
    catalog.commitStripe({ session, chunks: [a, b] })
    catalog.run(commitPage, { session: session.session, bucket: catalog.bucket, ...page })
    assert.equal(catalog.count('SELECT refs FROM pages'), 0)
    assert.equal(catalog.count('SELECT sum(refs) FROM chunks'), 2)
    assert.equal(catalog.count('SELECT count(*) FROM chunks WHERE holder_kind = 2'), 2)

    const { entries: _, ...known } = page
    const statements = catalog.statementsOf(() =>
      catalog.commitVersion('file', { sessions: [session.session], pages: [{ ...known, entries: null }] }),
    )
    assert.equal(
      statements.some((sql) => sql.includes('chunk')),
      true,
    )
    assert.equal(
      statements.some((sql) => sql.includes('UPDATE chunks')),
      false,
    )
    assert.equal(catalog.count('SELECT refs FROM pages'), 1)
  })

  it('keeps a page that is there, and clears its mark', () => {
    using catalog = new TestCatalog()
    const session = catalog.openSession()
    catalog.commitStripe({ session, chunks: [a, b] })
    const args = { session: session.session, bucket: catalog.bucket, ...page }
    catalog.run(commitPage, args)
    catalog.run(condemn, { nowMs: catalog.nowMs, limit: 10 })
    assert.equal(catalog.count('SELECT count(*) FROM pages WHERE condemned IS NOT NULL'), 1)
    catalog.run(commitPage, args)
    assert.equal(catalog.count('SELECT count(*) FROM pages WHERE condemned IS NULL'), 1)
    assert.equal(catalog.count('SELECT sum(refs) FROM chunks'), 2)
  })

  it('refuses an ended session, a chunk that is not stored, and a page under a wrong id', () => {
    using catalog = new TestCatalog()
    const session = catalog.openSession()
    catalog.commitStripe({ session, chunks: [a] })
    const args = { session: session.session, bucket: catalog.bucket, ...page }
    assert.throws(() => catalog.run(commitPage, args), { code: 'conflict' })
    assert.throws(() => catalog.run(commitPage, { ...args, page: catalog.ids.next() }), /named after/)
    catalog.run(endSession, { session: session.session })
    assert.throws(() => catalog.run(commitPage, args), { code: 'session_ended' })
    assert.equal(catalog.count('SELECT count(*) FROM pages'), 0)
  })
})
