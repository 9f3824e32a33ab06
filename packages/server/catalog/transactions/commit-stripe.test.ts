import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { ChunkId, StripeId } from '@holdfast/core/wire/ids.ts'
import { chunkNamed, TestCatalog } from '../test-catalog.test-support.ts'
import { commitStripe } from './commit-stripe.ts'
import { condemn } from './condemn.ts'
import { endSession, endSessionsOf } from './end-session.ts'
import { placesOf } from './read-plan.ts'
import { shardsDamaged } from './shards-damaged.ts'

const [a, b, c] = [chunkNamed('a'), chunkNamed('b'), chunkNamed('c')]

function stripeOf(catalog: TestCatalog, chunk: ChunkId): StripeId | undefined {
  return catalog.run(placesOf, { bucket: catalog.bucket, chunks: [chunk] }).places[0]?.stripe
}

function live(catalog: TestCatalog, stripe: StripeId): { chunks: unknown; bytes: unknown; condemned: unknown } {
  const [row] = catalog.engine.query('SELECT * FROM stripes WHERE stripe_id = ?', [Buffer.from(stripe, 'hex')])
  return { chunks: row?.['live_chunks'], bytes: row?.['live_bytes'], condemned: row?.['condemned'] }
}

describe('commitStripe', () => {
  it('refuses a session that has ended', () => {
    using catalog = new TestCatalog()
    const session = catalog.openSession()
    catalog.run(endSession, { session: session.session })
    assert.throws(() => catalog.commitStripe({ session, chunks: [a] }), { code: 'session_ended' })
    assert.equal(catalog.count('SELECT count(*) FROM chunks'), 0)
  })

  it('lets the first writer of a chunk win, and counts only winners as live', () => {
    using catalog = new TestCatalog()
    const session = catalog.openSession()
    const first = catalog.commitStripe({ session, chunks: [a, b] })
    const second = catalog.commitStripe({ session, chunks: [b, c] })
    assert.deepEqual([first.lost, second.lost], [[], [b]])
    assert.equal(stripeOf(catalog, b), first.stripe.stripe)
    assert.deepEqual(live(catalog, second.stripe.stripe), { chunks: 1, bytes: 4112, condemned: null })
  })

  it('condemns a stripe that keeps no chunk, at the number of its session', () => {
    using catalog = new TestCatalog()
    catalog.commitStripe({ session: catalog.openSession(), chunks: [a] })
    const session = catalog.openSession()
    const { stripe } = catalog.commitStripe({ session, chunks: [a] })
    assert.deepEqual(live(catalog, stripe.stripe), { chunks: 0, bytes: 0, condemned: session.sequence })
  })

  it('moves a condemned chunk to the new place and clears its mark', () => {
    using catalog = new TestCatalog()
    const old = catalog.commitStripe({ session: catalog.openSession(), chunks: [a] })
    catalog.run(endSessionsOf, {})
    catalog.run(condemn, { nowMs: catalog.nowMs, limit: 10 })
    const { lost, stripe } = catalog.commitStripe({ session: catalog.openSession(), chunks: [a] })
    assert.deepEqual(lost, [])
    assert.equal(stripeOf(catalog, a), stripe.stripe)
    assert.equal(live(catalog, old.stripe.stripe).chunks, 0)
    assert.equal(catalog.count('SELECT count(*) FROM chunks WHERE condemned IS NOT NULL'), 0)
  })

  it('moves a chunk whose old stripe is damaged, with the references to it', () => {
    using catalog = new TestCatalog()
    catalog.put('file', a)
    const old = stripeOf(catalog, a)
    assert.notEqual(old, undefined)
    if (old === undefined) return
    catalog.run(shardsDamaged, { stripe: old, indexes: [0, 1], state: 'damaged' })
    const { lost, stripe } = catalog.commitStripe({ session: catalog.openSession(), chunks: [a] })
    assert.deepEqual(lost, [])
    assert.equal(stripeOf(catalog, a), stripe.stripe)
    assert.equal(catalog.count('SELECT refs FROM chunks'), 1)
    assert.deepEqual(live(catalog, old), { chunks: 0, bytes: 0, condemned: null })
  })

  it('takes the first of two places of one chunk in a stripe', () => {
    using catalog = new TestCatalog()
    const session = catalog.openSession()
    const { lost, stripe } = catalog.commitStripe({ session, chunks: [a, b, a] })
    assert.deepEqual(lost, [])
    assert.equal(live(catalog, stripe.stripe).chunks, 2)
    assert.equal(catalog.run(placesOf, { bucket: catalog.bucket, chunks: [a] }).places[0]?.place, 0)
  })

  it('is never made without W durable shards, or under the number of another session', () => {
    using catalog = new TestCatalog()
    const session = catalog.openSession()
    const states = ['durable', 'durable', 'durable', 'expected', 'expected'] as const
    assert.throws(() => catalog.commitStripe({ session, chunks: [a], states }), /durable/)
    const made = catalog.stripe({ session, chunks: [a] })
    const stripe = { ...made.stripe, sequence: session.sequence + 1 }
    assert.throws(() => catalog.run(commitStripe, { session: session.session, stripe, places: made.places }), /number/)
    const other = catalog.openSession()
    assert.throws(() => catalog.run(commitStripe, { session: other.session, ...made }), /session/)
  })

  it('asks three statements for new chunks', () => {
    using catalog = new TestCatalog()
    const session = catalog.openSession()
    assert.equal(catalog.statementsOf(() => catalog.commitStripe({ session, chunks: [a] })).length, 3)
  })
})
