/** What a gateway promises to who reads and who uploads, and for how long; and that collection leaves nothing behind. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { describe, it } from 'node:test'
import { closeSessions } from './catalog/transactions/dead-sessions.ts'
import { SleepyClock } from './cluster/session-world.test-support.ts'
import { pieces, refusal, TestGateway } from './gateway.test-support.ts'

const MiB = 1024 * 1024
const NIGHT_MS = 8 * 3600_000

/** A body that stops half-way until `between` is done. */
async function* inTwoHalves(body: Uint8Array, between: () => Promise<void>): AsyncGenerator<Uint8Array> {
  yield body.subarray(0, body.length / 2)
  await between()
  yield body.subarray(body.length / 2)
}

describe('the sessions of a gateway', () => {
  it('reads a version to its end that goes while it is read, and does not begin one that has gone', async () => {
    await using test = await TestGateway.open()
    await test.bucket('short', { versionsKept: 1 })
    const body = randomBytes(12 * MiB)
    const { signal } = new AbortController()
    const open = async () => await test.gateway.downloads.open({ bucket: 'short', path: 'file' })
    await test.put('file', pieces(body), { bucket: 'short' })
    const early = (await open()).read(undefined, signal)
    const read = [(await early.next()).value]
    const late = (await open()).read(undefined, signal)
    await test.put('file', randomBytes(10), { bucket: 'short' })
    await test.gateway.reaper.run()
    // What the early one holds on to is still there, but not for anyone who begins now.
    await assert.rejects(late.next(), refusal('version_not_found'))
    for (let run = 0; run < 3; run++) assert.equal((await test.gateway.reaper.run()).chunks, 0)
    for await (const piece of early) read.push(piece)
    assert.deepEqual(Buffer.concat(read.map((piece) => piece ?? new Uint8Array())), body)
    await test.gateway.reaper.run()
    assert.ok((await test.gateway.reaper.run()).chunks >= 0)
  })

  it('begins a version that is still there after its session has ended', async () => {
    await using test = await TestGateway.open()
    const body = randomBytes(3 * MiB)
    await test.put('file', pieces(body))
    const open = await test.gateway.downloads.open({ bucket: 'default', path: 'file' })
    for (let run = 0; run < 3; run++) await test.gateway.reaper.run()
    const read: Uint8Array[] = []
    for await (const piece of open.read(undefined, new AbortController().signal)) read.push(piece)
    assert.deepEqual(Buffer.concat(read), body)
  })

  it('goes on with an upload over a night in which the machine slept', async () => {
    const clock = new SleepyClock()
    await using test = await TestGateway.open({ clock })
    const body = randomBytes(20 * MiB)
    const overNight = inTwoHalves(body, async () => {
      clock.sleep(NIGHT_MS)
      await test.gateway.reaper.run()
    })
    await test.put('file', overNight, { strategy: 'chunked' })
    assert.deepEqual(await test.get('file'), body)
  })

  it('refuses an upload whose session another ended meanwhile, and takes the next one', async () => {
    const clock = new SleepyClock()
    await using test = await TestGateway.open({ clock })
    const body = randomBytes(20 * MiB)
    for (const strategy of ['chunked', 'direct'] as const) {
      const overNight = inTwoHalves(body, async () => {
        clock.sleep(NIGHT_MS)
        await test.catalog.write(closeSessions, { nowMs: clock.now() })
        for (let run = 0; run < 3; run++) await test.gateway.reaper.run()
      })
      await assert.rejects(test.put('file', overNight, { strategy }), refusal('session_ended'))
      await assert.rejects(test.get('file'), refusal('file_not_found'))
    }
    await test.put('file', pieces(body))
    assert.deepEqual(await test.get('file'), body)
  })

  it('leaves nothing behind: what was deleted for good, and what never came to its commit, goes from the nodes', async () => {
    await using test = await TestGateway.open()
    await test.bucket('short', { versionsKept: 1 })
    const held = async (): Promise<number> => {
      const lists = await Promise.all(test.memories.map((memory) => memory.list({ limit: 1000 })))
      return lists.flat().length
    }
    const kept = randomBytes(3 * MiB)
    await test.put('kept', pieces(kept))
    const before = await held()
    for (let round = 0; round < 3; round++) await test.put('file', pieces(randomBytes(5 * MiB)), { bucket: 'short' })
    await test.put('file', randomBytes(10), { bucket: 'short' })
    async function* broken(): AsyncGenerator<Uint8Array> {
      yield randomBytes(9 * MiB)
      throw new Error('the client is gone')
    }
    await assert.rejects(test.put('cut', broken()), /the client is gone/)
    assert.ok((await held()) > before + 20)
    for (let run = 0; run < 4; run++) await test.gateway.reaper.run()
    assert.equal(await held(), before + 5)
    assert.deepEqual(await test.get('kept'), kept)
  })
})
