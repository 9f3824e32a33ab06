/** What a name stands for: preconditions, repeated requests, and moves. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { describe, it } from 'node:test'
import { advanceUntil, refusal, TestGateway, tester } from './gateway.test-support.ts'
import { ManualClock } from './seams/manual-clock.test-support.ts'

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

  it('moves, lists, restores and deletes without moving a byte', async () => {
    await using test = await TestGateway.open()
    const { names } = test.gateway
    const one = randomBytes(100)
    const first = await test.put('a/one', one)
    await test.put('a/one', randomBytes(100))
    await test.put('b/two', randomBytes(100))
    const { fileId, versionId } = first.answer
    await names.restore(fileId, versionId, tester)
    assert.deepEqual(await test.get('a/one'), one)
    await names.move(fileId, { path: 'c/three' }, tester)
    assert.deepEqual(await test.get('c/three'), one)
    const listed = await names.list({ bucket: 'default', delimiter: '/', limit: 10 })
    assert.deepEqual(
      listed.items.map((item) => ('prefix' in item ? item.prefix : item.path)),
      ['b/', 'c/'],
    )
    await names.delete({
      bucket: 'default',
      path: 'c/three',
      preconditions: {},
      idempotencyKey: undefined,
      idempotencyScope: '',
      requester: tester,
    })
    await assert.rejects(test.get('c/three'), refusal('file_not_found'))
    assert.equal((await names.history(fileId, { limit: 10 })).items.length, 4)
    await names.restore(fileId, versionId, tester)
    assert.deepEqual(await test.get('c/three'), one)
  })
})
