import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { TestCatalog } from '../test-catalog.test-support.ts'
import { getBucket } from './get-bucket.ts'
import { listBuckets } from './list-buckets.ts'
import { patchBucket } from './patch-bucket.ts'

describe('createBucket', () => {
  it('makes a bucket once, and answers it again under the same policy', () => {
    using catalog = new TestCatalog()
    const bucket = catalog.ids.next()
    assert.equal(catalog.makeBucket('photos', bucket, '{"a":1}').created, true)
    assert.equal(catalog.makeBucket('photos', catalog.ids.next(), '{"a":1}').created, false)
    assert.throws(() => catalog.makeBucket('photos', catalog.ids.next(), '{"a":2}'), {
      code: 'bucket_exists',
      message: /PATCH/,
    })
    assert.deepEqual(catalog.run(getBucket, { name: 'photos' }), {
      bucket,
      name: 'photos',
      kind: 'plain',
      policy: '{"a":1}',
      policyVersion: 1,
      wrappedIdKey: Uint8Array.of(1),
      keys: [{ epoch: 1, wrappedKey: Uint8Array.of(2) }],
      createdAt: catalog.nowMs,
    })
    assert.equal(catalog.run(getBucket, { name: 'videos' }), null)
  })
})

describe('listBuckets', () => {
  it('goes through the names in order, page by page', () => {
    using catalog = new TestCatalog()
    for (const name of ['c', 'a', 'b']) catalog.makeBucket(name)
    const first = catalog.run(listBuckets, { limit: 2 })
    assert.deepEqual([first.items.map(({ name }) => name), first.more], [['a', 'b'], true])
    const rest = catalog.run(listBuckets, { after: 'b', limit: 2 })
    assert.deepEqual([rest.items.map(({ name }) => name), rest.more], [['c', 'default'], false])
    assert.equal(rest.items[0]?.keys.length, 1)
  })
})

describe('patchBucket', () => {
  it('changes the policy that its caller has seen', () => {
    using catalog = new TestCatalog()
    const patch = (name: string, ifVersion?: number) => {
      const args = { name, policy: '{"a":2}', writeQuorum: 4, change: catalog.change() }
      return catalog.run(patchBucket, ifVersion === undefined ? args : { ...args, ifVersion })
    }
    assert.equal(patch('default', 1).policyVersion, 2)
    assert.throws(() => patch('default', 1), { code: 'precondition_failed' })
    const row = patch('default')
    assert.deepEqual([row.policy, row.policyVersion], ['{"a":2}', 3])
    assert.deepEqual(catalog.run(getBucket, { name: 'default' }), row)
    assert.throws(() => patch('gone'), { code: 'bucket_not_found' })
  })
})
