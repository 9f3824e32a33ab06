/** What a gateway takes of its budgets of memory. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { describe, it } from 'node:test'
import { advanceUntil, pieces, TestGateway, turnsUntil } from './gateway.test-support.ts'
import { ManualClock } from './seams/manual-clock.test-support.ts'

const KiB = 1024
const MiB = 1024 * KiB

describe('the memory of a gateway', () => {
  it('hands out short contents at once, and everything that is longer within the budget of readers', async () => {
    await using test = await TestGateway.open()
    await test.put('short', Buffer.alloc(64 * KiB))
    await test.put('long', Buffer.alloc(64 * KiB + 1))
    const open = async (path: string) => await test.gateway.downloads.open({ bucket: 'default', path })
    assert.equal((await open('short')).whole?.length, 64 * KiB)
    assert.equal((await open('long')).whole?.length, undefined)
  })

  it('reads the beginning of a body only where there is room for it', async () => {
    await using test = await TestGateway.open()
    const { promise: wait, resolve: goOn } = Promise.withResolvers<void>()
    let [begun, gathered] = [0, 0]
    async function* slow(): AsyncGenerator<Uint8Array> {
      begun++
      for (let piece = 0; piece < 5; piece++) yield randomBytes(50 * KiB)
      gathered++
      await wait
      yield randomBytes(50 * KiB)
    }
    const puts = Array.from({ length: 200 }, (_, i) => test.put(`file ${i}`, slow()))
    await turnsUntil(() => begun > 0 && gathered === begun)
    assert.equal(begun, Math.floor((48 * MiB) / (320 * KiB)))
    goOn()
    await Promise.all(puts)
    assert.equal(begun, 200)
  })

  it('has nothing of the pieces of a body left when it is stored', async () => {
    await using test = await TestGateway.open()
    const given: Uint8Array[] = []
    async function* body(): AsyncGenerator<Uint8Array> {
      for (let piece = 0; piece < 64; piece++) {
        given.push(new Uint8Array(randomBytes(64 * KiB)))
        yield given.at(-1) ?? assert.fail()
      }
    }
    await test.put('long', body())
    assert.equal(given.length, 64)
    // Two windows may share one.
    assert.ok(given.filter(({ length }) => length > 0).length <= 1)
  })

  it('keeps a piece for each reader who takes none, and serves those that come later', async () => {
    const clock = new ManualClock()
    await using test = await TestGateway.open({ clock })
    const chunking = { minBytes: 2 * MiB, averageBytes: 2 * MiB, maxBytes: 2 * MiB }
    await test.bucket('long', { chunking })
    const body = randomBytes(4 * MiB)
    await test.put('file', pieces(body), { bucket: 'long' })
    const { signal } = new AbortController()
    const ended: unknown[] = []
    const begin = async () => {
      const open = await test.gateway.downloads.open({ bucket: 'long', path: 'file' })
      const reading = open.read(undefined, signal, (why) => ended.push(why))
      return { reading, first: await reading.next() }
    }
    // Their chunks together are twice the budget.
    const begun = Promise.all(Array.from({ length: 32 }, begin))
    await advanceUntil(clock, begun)
    assert.deepEqual(ended, [])
    for (const { reading, first } of [...(await begun)].reverse()) {
      const read = [first.value ?? assert.fail()]
      for await (const piece of reading) read.push(piece)
      assert.deepEqual(Buffer.concat(read), body)
    }
    assert.deepEqual(ended, [])
  })
})
