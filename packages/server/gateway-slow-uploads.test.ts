import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { describe, it } from 'node:test'
import { advanceUntil, pieces, TestGateway } from './gateway.test-support.ts'
import { ManualClock } from './seams/manual-clock.test-support.ts'

const KiB = 1024
const MiB = 1024 * KiB
/** Two slots of 10 MiB. */
const BUDGET_BYTES = 24 * MiB
const SLOW = 64
const ONE_TURN_MS = 500
/** Where all of them ask for a slot at once, and have one after the other. */
const ONE_ROUND_MS = (SLOW / 2) * ONE_TURN_MS

/** Uploads whose clients send the beginning of a body, and the rest when they are let go. */
function slowUploads(test: TestGateway, { count, begun, bucket }: { count: number; begun: number; bucket: string }) {
  const { promise: wait, resolve: goOn } = Promise.withResolvers<void>()
  const bodies = Array.from({ length: count }, () => randomBytes(begun + 100 * KiB))
  let [waiting, stored] = [0, 0]
  async function* slowly(body: Uint8Array): AsyncGenerator<Uint8Array> {
    yield* pieces(body.subarray(0, begun))
    waiting++
    await wait
    yield body.subarray(begun)
  }
  const puts = bodies.map(async (body, i) => {
    await test.put(`slow ${i}`, slowly(body), { bucket, strategy: 'chunked', lengthBytes: body.length })
    stored++
  })
  const end = async (clock: ManualClock): Promise<void> => {
    assert.equal(stored, 0)
    goOn()
    await advanceUntil(clock, Promise.all(puts))
    for (const [i, body] of bodies.entries()) assert.deepEqual(await test.get(`slow ${i}`, undefined, bucket), body)
  }
  const begunBy = async (clock: ManualClock, clients: number): Promise<void> => {
    const all = (async () => {
      while (waiting < clients) await new Promise(setImmediate)
    })()
    await advanceUntil(clock, all)
  }
  return { begunBy, end }
}

describe('a gateway with slow uploads', () => {
  it('takes a fast one beside 64 of them', async () => {
    const clock = new ManualClock()
    await using test = await TestGateway.open({ clock, budgetBytes: BUDGET_BYTES })
    const slow = slowUploads(test, { count: SLOW, begun: 300 * KiB, bucket: 'default' })
    const body = randomBytes(20 * MiB)
    const beganMs = clock.now()
    await advanceUntil(clock, test.put('fast', pieces(body)))
    assert.ok(clock.now() - beganMs < 2 * ONE_ROUND_MS, `${clock.now() - beganMs} ms`)
    assert.deepEqual(await test.get('fast'), body)
    await slow.end(clock)
  })

  it('gives no slot to a client that has hardly begun', async () => {
    const clock = new ManualClock()
    await using test = await TestGateway.open({ clock, budgetBytes: BUDGET_BYTES })
    const slow = slowUploads(test, { count: SLOW, begun: 60 * KiB, bucket: 'default' })
    await slow.begunBy(clock, SLOW)
    const beganMs = clock.now()
    await advanceUntil(clock, test.put('fast', pieces(randomBytes(3 * MiB))))
    assert.ok(clock.now() - beganMs < ONE_TURN_MS, `${clock.now() - beganMs} ms`)
    await slow.end(clock)
  })

  it('begins no more of them than there is room for what they gather', async () => {
    const clock = new ManualClock()
    await using test = await TestGateway.open({ clock, budgetBytes: BUDGET_BYTES })
    const { promise: wait, resolve: goOn } = Promise.withResolvers<void>()
    let begun = 0
    async function* slow(): AsyncGenerator<Uint8Array> {
      begun++
      yield randomBytes(10 * KiB)
      await wait
    }
    const puts = Array.from({ length: 400 }, (_, i) => test.put(`file ${i}`, slow(), { lengthBytes: 2 * MiB }))
    await new Promise(setImmediate)
    assert.equal(begun, (48 * MiB) / (128 * KiB))
    assert.equal(test.gateway.uploads.isCrowded, true)
    goOn()
    await advanceUntil(clock, Promise.all(puts))
    assert.equal(begun, 400)
    assert.equal(test.gateway.uploads.isCrowded, false)
  })

  it('leaves its slots to them while nobody else asks for one', async () => {
    const clock = new ManualClock()
    await using test = await TestGateway.open({ clock, budgetBytes: BUDGET_BYTES })
    const slow = slowUploads(test, { count: 2, begun: 3 * MiB, bucket: 'default' })
    await slow.begunBy(clock, 2)
    clock.advance(3600_000)
    await slow.end(clock)
    const [row] = test.catalog.engine.query('SELECT count(*) AS n FROM stripes', [])
    assert.equal(row?.['n'], 2)
  })

  it('carries over what 8 of them have begun, and ends the chunks of the others early', async () => {
    const clock = new ManualClock()
    await using test = await TestGateway.open({ clock, budgetBytes: BUDGET_BYTES })
    const chunking = { minBytes: 2 * MiB, averageBytes: 2 * MiB, maxBytes: 2 * MiB }
    await test.bucket('long', { chunking })
    const begun = 1900 * KiB
    const slow = slowUploads(test, { count: 24, begun, bucket: 'long' })
    await slow.begunBy(clock, 24)
    await advanceUntil(clock, test.put('fast', pieces(randomBytes(3 * MiB))))
    await slow.end(clock)
    const [row] = test.catalog.engine.query('SELECT count(*) AS n FROM chunks WHERE plain_bytes = ?', [begun])
    assert.equal(row?.['n'], 24 - 8)
  })
})
