/** What a name stands for: preconditions, repeated requests, and moves. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { describe, it } from 'node:test'
import { advanceUntil, refusal, TestGateway, tester } from './gateway.test-support.ts'
import { ManualClock } from './seams/manual-clock.test-support.ts'

const unkeyed = { preconditions: {}, idempotencyKey: undefined, idempotencyScope: '', requester: tester }

describe('the names of a gateway', () => {
  it('keeps preconditions, and one of a hundred racing writers wins', async () => {
    await using test = await TestGateway.open()
    const first = await test.put('file', randomBytes(10))
    await assert.rejects(
      test.put('file', randomBytes(10), { preconditions: { ifNoneMatch: ['*'] } }),
      refusal('precondition_failed'),
    )
    const ifMatch = [first.answer.versionId]
    const races = await Promise.allSettled(
      Array.from({ length: 100 }, () => test.put('file', randomBytes(10), { preconditions: { ifMatch } })),
    )
    assert.equal(races.filter(({ status }) => status === 'fulfilled').length, 1)
  })

  it('answers a repeated Idempotency-Key with the first answer, and another body under it with a refusal', async () => {
    await using test = await TestGateway.open()
    const body = randomBytes(1000)
    const first = await test.put('file', body, { idempotencyKey: 'k' })
    const again = await test.put('file', body, { idempotencyKey: 'k' })
    assert.equal(again.replayed, true)
    assert.deepEqual(again.answer, first.answer)
    await assert.rejects(test.put('file', randomBytes(1000), { idempotencyKey: 'k' }), refusal('idempotency_mismatch'))
    const failed = test.put('other', body, { idempotencyKey: 'f', preconditions: { ifMatch: ['*'] } })
    await assert.rejects(failed, refusal('precondition_failed'))
    await test.put('other', body, { idempotencyKey: 'f' })
  })

  it('gives an Idempotency-Key to one upload, however long that takes', async () => {
    const clock = new ManualClock()
    await using test = await TestGateway.open({ clock })
    const body = randomBytes(1000)
    async function* slow(): AsyncGenerator<Uint8Array> {
      yield body
      for (let minute = 0; minute < 30; minute++) {
        clock.advance(60_000)
        await new Promise(setImmediate)
        await test.gateway.reaper.run()
      }
      await assert.rejects(test.put('file', body, { idempotencyKey: 'k' }), refusal('in_progress'))
    }
    const first = test.put('file', slow(), { idempotencyKey: 'k' })
    await advanceUntil(clock, first)
    const again = await test.put('file', body, { idempotencyKey: 'k' })
    assert.deepEqual(again.answer, (await first).answer)
  })

  it('says of a path at which no file is whether one was there, and what a slash at its end means', async () => {
    await using test = await TestGateway.open()
    const { names, downloads } = test.gateway
    const kept = randomBytes(100)
    const { fileId, versionId } = (await test.put('a/one', kept)).answer
    await test.put('a/one/more', randomBytes(100))
    await names.delete({
      bucket: 'default',
      path: 'a/one',
      ...unkeyed,
    })
    for (const [path, sentence] of [
      [
        'a/one',
        `there is no file a/one in bucket default any more: it was deleted, and can be restored by its fileId ${fileId}`,
      ],
      ['a/one/', 'there is no file a/one/ in bucket default: what lies in a folder is listed by its prefix'],
      ['a/on', 'there is no file a/on in bucket default'],
    ] as const) {
      const expected = { code: 'file_not_found', message: sentence }
      await assert.rejects(names.byPath('default', path), expected)
      await assert.rejects(async () => downloads.open({ bucket: 'default', path }), expected)
    }
    const { items, nextCursor } = await names.listDeleted({ prefix: 'a/', limit: 1 })
    assert.deepEqual(
      items.map((item) => [item.path, item.fileId, item.versionId, nextCursor]),
      [['a/one', fileId, versionId, null]],
    )
    await names.restore({ file: fileId, version: versionId, ...unkeyed })
    assert.equal((await names.byPath('default', 'a/one')).size, kept.length)
    await assert.rejects(
      names.listDeleted({ cursor: Buffer.from('x').toString('base64url'), limit: 1 }),
      refusal('bad_request'),
    )
  })

  it('restores once under one Idempotency-Key, and refuses another version under it', async () => {
    await using test = await TestGateway.open()
    const { names } = test.gateway
    const first = (await test.put('file', randomBytes(100))).answer
    const second = (await test.put('file', randomBytes(100))).answer
    const request = { file: first.fileId, version: first.versionId, ...unkeyed, idempotencyKey: 'k' }
    const unmet = { ...request, preconditions: { ifMatch: [first.versionId] } }
    await assert.rejects(names.restore(unmet), refusal('precondition_failed'))
    const restored = await names.restore(request)
    await test.put('file', randomBytes(100))
    assert.deepEqual(await names.restore(unmet), restored)
    assert.equal((await names.history(first.fileId, { limit: 10 })).items.length, 4)
    await assert.rejects(names.restore({ ...request, version: second.versionId }), refusal('idempotency_mismatch'))
  })

  it('moves, lists, restores and deletes without moving a byte', async () => {
    await using test = await TestGateway.open()
    const { names } = test.gateway
    const one = randomBytes(100)
    const first = await test.put('a/one', one)
    await test.put('a/one', randomBytes(100))
    await test.put('b/two', randomBytes(100))
    const { fileId, versionId } = first.answer
    await names.restore({ file: fileId, version: versionId, ...unkeyed })
    assert.deepEqual(await test.get('a/one'), one)
    await names.move({ file: fileId, path: 'c/three', overwrite: false, ...unkeyed })
    assert.deepEqual(await test.get('c/three'), one)
    const listed = await names.list({ bucket: 'default', delimiter: '/', limit: 10 })
    assert.deepEqual(
      listed.items.map((item) => ('prefix' in item ? item.prefix : item.path)),
      ['b/', 'c/'],
    )
    await names.delete({
      bucket: 'default',
      path: 'c/three',
      ...unkeyed,
    })
    await assert.rejects(test.get('c/three'), refusal('file_not_found'))
    assert.equal((await names.history(fileId, { limit: 10 })).items.length, 4)
    await names.restore({ file: fileId, version: versionId, ...unkeyed })
    assert.deepEqual(await test.get('c/three'), one)
  })
})
