import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { bucketPageSchema, bucketSchema } from '@holdfast/core/wire/rest/bucket.ts'
import { TestDoor } from '../rest.test-support.ts'

describe('a bucket', () => {
  it('is created once, found again, and refused with another policy', async () => {
    await using door = await TestDoor.open()
    const put = (body?: object) => door.ask('PUT', '/api/v1/buckets/photos', { body })
    const created = await put({ redundancy: { data: 2, parity: 1 } })
    assert.equal(created.status, 201)
    assert.equal(created.headers.etag, '"1"')
    assert.equal(created.headers.location, '/api/v1/buckets/photos')
    assert.deepEqual(created.as(bucketSchema).policy.redundancy, { data: 2, parity: 1, writeQuorum: 3 })
    assert.equal((await put({ redundancy: { data: 2, parity: 1 } })).status, 200)
    assert.equal((await put({ redundancy: { data: 3, parity: 2 } })).problem().code, 'bucket_exists')
    assert.deepEqual((await door.ask('GET', '/api/buckets/photos')).as(bucketSchema), created.as(bucketSchema))
  })

  it('is refused with a policy or a name that cannot be', async () => {
    await using door = await TestDoor.open()
    const wide = await door.ask('PUT', '/api/v1/buckets/wide', { body: { redundancy: { data: 8, parity: 4 } } })
    assert.equal(wide.problem().code, 'policy_unplaceable')
    assert.deepEqual(wide.problem().details, { needed: 12, present: 5, missing: 7 })
    const quorum = { redundancy: { data: 3, parity: 2, writeQuorum: 3 } }
    assert.equal((await door.ask('PUT', '/api/v1/buckets/photos', { body: quorum })).problem().code, 'bad_request')
    for (const name of [
      'ab',
      'Photos',
      'a..b',
      '-ab',
      'a_b',
      '..',
      '%2e%2e%2fx',
      'a%2Fb',
      '%C3%A9%C3%A9%C3%A9',
      'x'.repeat(64),
      'x'.repeat(1000),
    ]) {
      assert.equal((await door.ask('PUT', `/api/v1/buckets/${name}`)).problem().code, 'bad_request', name)
    }
    assert.equal((await door.ask('PUT', '/api/v1/buckets/a%00b')).problem().code, 'bad_request')
  })

  it('changes its policy where nobody else has meanwhile', async () => {
    await using door = await TestDoor.open()
    const patch = (versionsKept: number, headers = {}) =>
      door.ask('PATCH', '/api/v1/buckets/default', { body: { versionsKept }, headers })
    const patched = await patch(5, { 'if-match': '"1"' })
    assert.equal(patched.as(bucketSchema).policy.versionsKept, 5)
    assert.equal(patched.headers.etag, '"2"')
    assert.equal((await patch(6, { 'if-match': '"1"' })).problem().code, 'precondition_failed')
    assert.equal((await patch(6)).status, 200)
    assert.equal((await door.ask('PATCH', '/api/v1/buckets/none', { body: {} })).problem().code, 'bucket_not_found')
  })

  it('is deleted when it is empty, or by force', async () => {
    await using door = await TestDoor.open()
    await door.put('a', 'x')
    const remove = (query = '') => door.ask('DELETE', `/api/v1/buckets/default${query}`)
    assert.equal((await remove()).problem().code, 'bucket_not_empty')
    assert.equal((await remove('?force=false')).problem().code, 'bucket_not_empty')
    assert.equal((await remove('?force=yes')).problem().code, 'bad_request')
    const removed = await remove('?force=true')
    assert.equal(removed.status, 204)
    assert.equal(removed.body.length, 0)
    assert.equal((await remove()).problem().code, 'bucket_not_found')
  })

  it('stands in a list that comes page by page', async () => {
    await using door = await TestDoor.open()
    for (const name of ['aaa', 'ccc', 'bbb']) await door.ask('PUT', `/api/v1/buckets/${name}`)
    const page = async (query: string) => (await door.ask('GET', `/api/v1/buckets?${query}`)).as(bucketPageSchema)
    assert.deepEqual(
      (await page('')).items.map(({ name }) => name),
      ['aaa', 'bbb', 'ccc', 'default'],
    )
    const first = await page('limit=3')
    const rest = await page(`limit=3&cursor=${first.nextCursor}`)
    assert.deepEqual(
      rest.items.map(({ name }) => name),
      ['default'],
    )
    assert.equal(rest.nextCursor, null)
  })
})
