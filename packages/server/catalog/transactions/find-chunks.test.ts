import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { ChunkId } from '@holdfast/core/wire/ids.ts'
import { chunkNamed, type OpenedSession, TestCatalog } from '../test-catalog.test-support.ts'
import { condemn } from './condemn.ts'
import { endSessionsOf } from './end-session.ts'
import { findChunks } from './find-chunks.ts'
import { shardArrived } from './shard-arrived.ts'
import { shardsDamaged } from './shards-damaged.ts'

const [a, b] = [chunkNamed('a'), chunkNamed('b')]

function found(catalog: TestCatalog, chunks: ChunkId[], goodShardsNeeded = true): ChunkId[] {
  return catalog.run(findChunks, { bucket: catalog.bucket, chunks, goodShardsNeeded }).map((place) => place.chunk)
}

function stored(catalog: TestCatalog): {
  session: OpenedSession
  stripe: ReturnType<TestCatalog['commitStripe']>['stripe']
} {
  const session = catalog.openSession()
  return { session, stripe: catalog.commitStripe({ session, chunks: [a] }).stripe }
}

describe('findChunks', () => {
  it('finds what the bucket has, with its place', () => {
    using catalog = new TestCatalog()
    const { stripe } = stored(catalog)
    const [place] = catalog.run(findChunks, { bucket: catalog.bucket, chunks: [a, b], goodShardsNeeded: true })
    assert.equal(place?.stripe, stripe.stripe)
    assert.equal(place.plainBytes, 4096)
    assert.deepEqual(found(catalog, [a, b]), [a])
    assert.deepEqual(catalog.run(findChunks, { bucket: catalog.ids.next(), chunks: [a], goodShardsNeeded: true }), [])
  })

  it('treats a condemned chunk as absent', () => {
    using catalog = new TestCatalog()
    stored(catalog)
    catalog.run(endSessionsOf, {})
    assert.deepEqual(found(catalog, [a]), [a])
    catalog.run(condemn, { nowMs: catalog.nowMs, limit: 10 })
    assert.deepEqual(found(catalog, [a]), [])
  })

  it('treats a chunk as absent whose stripe has fewer than W good shards', () => {
    using catalog = new TestCatalog()
    const { stripe } = stored(catalog)
    catalog.run(shardsDamaged, { stripe: stripe.stripe, indexes: [4], state: 'damaged' })
    assert.deepEqual(found(catalog, [a]), [a])
    catalog.run(shardsDamaged, { stripe: stripe.stripe, indexes: [0], state: 'missing' })
    assert.deepEqual(found(catalog, [a]), [])
    assert.deepEqual(found(catalog, [a], false), [a])
  })

  it('counts a late shard once it has arrived with the committed hash', () => {
    using catalog = new TestCatalog()
    const session = catalog.openSession()
    const states = ['durable', 'durable', 'durable', 'durable', 'expected'] as const
    const { stripe } = catalog.commitStripe({ session, chunks: [a], states })
    const late = stripe.shards[4]
    assert.notEqual(late, undefined)
    if (late === undefined) return
    catalog.run(shardsDamaged, { stripe: stripe.stripe, indexes: [0], state: 'damaged' })
    catalog.run(shardArrived, {
      stripe: stripe.stripe,
      index: 4,
      node: late.node,
      sha256: chunkNamed('x') as string as typeof late.sha256,
    })
    const [first] = stripe.shards
    catalog.run(shardArrived, { stripe: stripe.stripe, ...(first ?? late) })
    assert.deepEqual(found(catalog, [a]), [])
    catalog.run(shardArrived, { stripe: stripe.stripe, ...late })
    assert.deepEqual(found(catalog, [a]), [a])
  })
})
