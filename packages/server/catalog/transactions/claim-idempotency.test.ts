import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { hashOf, TestCatalog } from '../test-catalog.test-support.ts'
import { claimIdempotency } from './claim-idempotency.ts'
import { endSession } from './end-session.ts'
import { pruneIdempotency } from './prune.ts'
import { releaseIdempotency } from './release-idempotency.ts'

const keyHash = hashOf('key')

function claimer(catalog: TestCatalog) {
  const { session } = catalog.openSession()
  const claim = (nowMs = 0) => catalog.run(claimIdempotency, { keyHash, session, nowMs })
  return { session, claim }
}

describe('claimIdempotency', () => {
  it('gives a key to one request at a time, however long that takes', () => {
    using catalog = new TestCatalog()
    const [one, two] = [claimer(catalog), claimer(catalog)]
    assert.deepEqual(one.claim(), { state: 'claimed' })
    assert.throws(() => two.claim(999), { code: 'in_progress' })
    assert.throws(() => two.claim(20 * 3600_000), { code: 'in_progress' })
    catalog.run(endSession, { session: one.session })
    assert.deepEqual(two.claim(1000), { state: 'claimed' })
    assert.throws(() => one.claim(1001), { code: 'in_progress' })
  })

  it('frees a key when it is released, or its session has ended', () => {
    using catalog = new TestCatalog()
    const [one, two] = [claimer(catalog), claimer(catalog)]
    one.claim()
    catalog.run(releaseIdempotency, { keyHash, session: two.session, claimedAt: 0 })
    assert.throws(() => two.claim(), { code: 'in_progress' }, 'a claim is not given up by another')
    catalog.run(releaseIdempotency, { keyHash, session: one.session, claimedAt: 0 })
    two.claim()
    catalog.run(endSession, { session: two.session })
    assert.deepEqual(one.claim(), { state: 'claimed' })
  })

  it('answers what the first request was answered', () => {
    using catalog = new TestCatalog()
    const { session, claim } = claimer(catalog)
    claim()
    const idempotency = { keyHash, bodySha256: hashOf('body') }
    const made = catalog.commitVersion('x', { sessions: [session], idempotency })
    const done = claim()
    assert.equal(done.state, 'done')
    if (done.state !== 'done') return
    assert.deepEqual([done.status, done.bodySha256], [201, hashOf('body')])
    const answer: Record<string, unknown> = JSON.parse(done.answer)
    assert.deepEqual([answer['file'], answer['version']], [made.file, made.version])
    catalog.run(releaseIdempotency, { keyHash, session, claimedAt: 0 })
    assert.equal(claim().state, 'done')
  })

  it('keeps an answer from when it was given, however long the upload took', () => {
    using catalog = new TestCatalog()
    const { session, claim } = claimer(catalog)
    claim(5)
    catalog.commitVersion('x', { sessions: [session], idempotency: { keyHash, bodySha256: hashOf('body') } })
    assert.equal(catalog.run(pruneIdempotency, { beforeMs: catalog.nowMs, limit: 10 }), 0)
    assert.equal(claim().state, 'done')
    assert.equal(catalog.run(pruneIdempotency, { beforeMs: catalog.nowMs + 1, limit: 10 }), 1)
  })

  it('forgets by age', () => {
    using catalog = new TestCatalog()
    claimer(catalog).claim(5)
    assert.equal(catalog.run(pruneIdempotency, { beforeMs: 5, limit: 10 }), 0)
    assert.equal(catalog.run(pruneIdempotency, { beforeMs: 6, limit: 10 }), 1)
  })
})
