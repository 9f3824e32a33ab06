/** A gateway whose drives neither answer nor fail, and what they may hold on to meanwhile. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { describe, it } from 'node:test'
import { advanceUntil, pieces, refusal, TestGateway, turnsUntil } from './gateway.test-support.ts'
import { sleep } from './seams/clock.ts'
import { ManualClock } from './seams/manual-clock.test-support.ts'
import type { FaultyStore } from './storage/faulty-store.ts'

const KiB = 1024
const MiB = 1024 * KiB
/** When a put that hangs is given up. */
const GIVEN_UP_AFTER_MS = 30_000

describe('a gateway whose drives hang', () => {
  it('keeps the memory of a window until its puts have settled, also when the client goes while the next one waits', async () => {
    const clock = new ManualClock()
    await using test = await TestGateway.open({ clock, budgetBytes: 20 * MiB })
    let letGo = (): void => {}
    const wait = new Promise<void>((resolve) => {
      letGo = resolve
    })
    for (const store of test.stores) store.inject({ on: 'put', times: 1, wait: () => wait })
    const gone = new AbortController()
    const cut = test.put('cut', pieces(randomBytes(20 * MiB)), { signal: gone.signal })
    const isHung = ({ fired }: FaultyStore): boolean => fired.get('put') === 1
    await turnsUntil(() => test.stores.every(isHung) && test.compute.waiting === 1)
    const ended = assert.rejects(cut, /the client is gone/)
    gone.abort(new Error('the client is gone'))
    await turnsUntil(() => test.compute.waiting === 0)
    const body = randomBytes(3 * MiB)
    const next = test.put('next', pieces(body)).catch((error: unknown) => error)
    const waits = turnsUntil(() => test.compute.waiting === 1)
    assert.equal(await Promise.race([next.then(() => 'stored'), waits.then(() => 'waiting')]), 'waiting')
    // By now the puts are given up, which frees the session, and their disks still read that memory.
    await advanceUntil(clock, sleep(clock, GIVEN_UP_AFTER_MS))
    assert.equal(test.compute.waiting, 1)
    letGo()
    await ended
    // Drives that hung are asked for nothing until they were heard of again.
    assert.ok(refusal('quorum_lost')(await next))
    await test.nodes.refresh()
    await test.put('next', pieces(body))
    assert.deepEqual(await test.get('next'), body)
  })

  it('writes on while a disk hangs, and neither its memory nor collection waits for it', async () => {
    const clock = new ManualClock()
    await using test = await TestGateway.open({ clock })
    await test.bucket('short', { versionsKept: 1 })
    await test.put('file', randomBytes(4 * KiB), { bucket: 'short' })
    const [hung, memory] = [test.stores[2], test.memories[2]]
    assert.ok(hung !== undefined && memory !== undefined)
    const { promise: wait, resolve: goOn } = Promise.withResolvers<void>()
    hung.inject({ on: 'put', wait: () => wait })
    const bodies = Array.from({ length: 8 }, () => randomBytes(9 * MiB))
    const beganMs = clock.now()
    await advanceUntil(clock, Promise.all(bodies.map((body, i) => test.put(`large ${i}`, pieces(body)))))
    assert.ok(clock.now() - beganMs < 5000, `${clock.now() - beganMs} ms`)
    for (const [i, body] of bodies.entries()) assert.deepEqual(await test.get(`large ${i}`), body)

    await test.put('file', randomBytes(10), { bucket: 'short' })
    await advanceUntil(clock, sleep(clock, 30_000))
    let collected = 0
    for (let run = 0; run < 3; run++) collected += (await test.gateway.reaper.run()).chunks
    assert.equal(collected, 1)

    hung.heal()
    goOn()
    await advanceUntil(clock, sleep(clock, 10))
    await test.nodes.refresh()
    const before = (await memory.list({ limit: 1000 })).length
    await test.put('after', randomBytes(10))
    assert.equal((await memory.list({ limit: 1000 })).length, before + 1)
  })

  it('reads on while two disks hang, asks them no more until they go on, and says so when a third one hangs', async () => {
    const clock = new ManualClock()
    await using test = await TestGateway.open({ clock })
    const small = randomBytes(4 * KiB)
    const large = randomBytes(9 * MiB)
    await test.put('small', small)
    await test.put('large', pieces(large))
    const { promise: wait, resolve: goOn } = Promise.withResolvers<void>()
    for (const store of test.stores.slice(0, 2)) store.inject({ on: 'get', wait: () => wait })
    const reading = async (): Promise<number> => {
      const beganMs = clock.now()
      const both = Promise.all([test.get('small'), test.get('large')])
      await advanceUntil(clock, both)
      assert.deepEqual(await both, [small, large])
      return clock.now() - beganMs
    }
    const firstMs = await reading()
    assert.ok(firstMs < 3000, `the first time it took ${firstMs} ms`)
    const hungReads = (): number[] => test.stores.map(({ fired }) => fired.get('get') ?? 0)
    const before = hungReads()
    const nextMs = await reading()
    assert.ok(nextMs < 500, `then it took ${nextMs} ms`)
    assert.deepEqual(hungReads(), before)

    test.stores[2]?.inject({ on: 'get', wait: () => wait })
    const beganMs = clock.now()
    await advanceUntil(clock, assert.rejects(test.get('large'), refusal('file_unavailable')))
    assert.ok(clock.now() - beganMs < 20_000, `it took ${clock.now() - beganMs} ms`)
    for (const store of test.stores) store.heal()
    goOn()
    await new Promise(setImmediate)
    assert.ok((await reading()) < 500)
  })
})
