import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { describe, it } from 'node:test'
import { HoldfastError } from '@holdfast/core/wire/errors.ts'
import { asSha256 } from '@holdfast/core/wire/ids.ts'
import { bytesIn } from './catalog/cells.ts'
import { packShards, unpackShards } from './catalog/packed-shards.ts'
import type { ShardRow } from './catalog/rows.ts'
import { query } from './catalog/transaction.ts'
import { closeSessions } from './catalog/transactions/dead-sessions.ts'
import { SleepyClock } from './cluster/session-world.test-support.ts'
import { pieces, TestGateway, tester } from './gateway.test-support.ts'
import { sleep, systemClock } from './seams/clock.ts'
import { ManualClock } from './seams/manual-clock.test-support.ts'

const KiB = 1024
const MiB = 1024 * KiB
const STEP_MS = 10
const STEPS_MAX = 10_000
const NIGHT_MS = 8 * 3600_000
const away = new HoldfastError('node_unavailable', 'away')

/** Of the one stripe that there is. */
function shardsIn({ catalog }: TestGateway): ShardRow[] {
  const [row] = catalog.engine.query('SELECT shards FROM stripes', [])
  return row === undefined ? [] : unpackShards(bytesIn(row, 'shards'))
}

async function changeShards(test: TestGateway, change: (shards: readonly ShardRow[]) => ShardRow[]): Promise<void> {
  const changed = packShards(change(shardsIn(test)))
  await test.catalog.write({ name: 'test', run: () => query('UPDATE stripes SET shards = ?', changed) }, {})
}

function refusal(code: string) {
  return (error: unknown): boolean => error instanceof HoldfastError && error.code === code
}

/** Lets the time go by as fast as what waits for it. */
async function advanceUntil(clock: ManualClock, done: Promise<unknown>): Promise<void> {
  let isDone = false
  const watched = done.finally(() => {
    isDone = true
  })
  watched.catch(() => {})
  for (let step = 0; !isDone && step < STEPS_MAX; step++) {
    await new Promise(setImmediate)
    clock.advance(STEP_MS)
  }
  assert.ok(isDone, 'what was waited for came')
  await watched
}

describe('a gateway', () => {
  it('gives back what it was given, at every size and by every way', async () => {
    await using test = await TestGateway.open()
    for (const size of [0, 1, 4 * KiB, 256 * KiB, 256 * KiB + 1, MiB - 1, MiB]) {
      const body = randomBytes(size)
      const { answer, created } = await test.put(`small/${size}`, body)
      assert.equal(created, true)
      assert.equal(answer.size, size)
      assert.deepEqual(await test.get(`small/${size}`), body)
    }
    for (const strategy of ['direct', 'chunked', 'streaming'] as const) {
      for (const size of [0, 1, 3 * MiB, 13 * MiB + 5]) {
        const body = randomBytes(size)
        const { answer } = await test.put(`${strategy}/${size}`, pieces(body), { strategy })
        assert.equal(answer.strategy, strategy)
        assert.deepEqual(await test.get(`${strategy}/${size}`), body)
      }
    }
  })

  it('gives any range of a file of many chunks', async () => {
    await using test = await TestGateway.open()
    const body = randomBytes(9 * MiB)
    await test.put('file', pieces(body))
    for (let round = 0; round < 40; round++) {
      const offset = Math.floor(Math.random() * body.length)
      const length = 1 + Math.floor(Math.random() * (body.length - offset))
      assert.deepEqual(await test.get('file', { offset, length }), body.subarray(offset, offset + length))
    }
  })

  it('keeps every shape of stripe, from one node to ten', async () => {
    await using test = await TestGateway.open({ nodes: 14 })
    for (const [data, parity] of [
      [1, 0],
      [1, 1],
      [1, 2],
      [2, 1],
      [3, 2],
      [10, 4],
    ] as const) {
      const bucket = `shape-${data}-${parity}`
      await test.bucket(bucket, { redundancy: { data, parity } })
      const small = randomBytes(5000)
      const large = randomBytes(7 * MiB)
      await test.put('small', small, { bucket })
      await test.put('large', pieces(large), { bucket })
      assert.deepEqual(await test.get('small', undefined, bucket), small)
      assert.deepEqual(await test.get('large', undefined, bucket), large)
    }
  })

  it('stores the same bytes of a bucket once, and never across buckets', async () => {
    await using test = await TestGateway.open()
    await test.bucket('other', {})
    const stripes = (): unknown => test.catalog.engine.query('SELECT count(*) AS n FROM stripes', [])[0]?.['n']
    const small = randomBytes(10 * KiB)
    const large = randomBytes(8 * MiB)
    await test.put('a', small)
    await test.put('b', pieces(large))
    const before = stripes()
    await test.put('c', small)
    await test.put('d', pieces(large))
    assert.equal(stripes(), before)
    assert.deepEqual(await test.get('d'), large)
    await test.put('a', small, { bucket: 'other' })
    assert.notEqual(stripes(), before)
  })

  it('stores a file of many pages, and what repeats in it once, however it travels', async () => {
    await using test = await TestGateway.open()
    const one = {
      redundancy: { data: 1, parity: 0 },
      chunking: { minBytes: 4096, averageBytes: 4096, maxBytes: 16384 },
    }
    for (const strategy of ['chunked', 'direct'] as const) {
      await test.bucket(strategy, one)
      const part = randomBytes(11 * MiB)
      const body = Buffer.concat([part, part, randomBytes(20 * MiB), part])
      await test.put('file', pieces(body), { bucket: strategy, strategy })
      assert.deepEqual(await test.get('file', undefined, strategy), body)
    }
    const lists = await Promise.all(test.memories.map((memory) => memory.list({ limit: 1000 })))
    const storedBytes = lists.flat().reduce((sum, { lengthBytes }) => sum + lengthBytes, 0)
    assert.ok(storedBytes < 2 * 34 * MiB, `${storedBytes} bytes are stored`)
  })

  it('packs small files that arrive together into shared stripes', async () => {
    await using test = await TestGateway.open()
    const bodies = Array.from({ length: 64 }, () => randomBytes(4 * KiB))
    await Promise.all(bodies.map((body, i) => test.put(`f${i}`, body)))
    const [row] = test.catalog.engine.query('SELECT count(*) AS n FROM stripes', [])
    assert.ok(Number(row?.['n']) <= 4, `${row?.['n']} stripes`)
    for (const [i, body] of bodies.entries()) assert.deepEqual(await test.get(`f${i}`), body)
  })

  it('compresses what shrinks, and leaves media alone', async () => {
    await using test = await TestGateway.open()
    const stored = (): number =>
      Number(test.catalog.engine.query('SELECT sum(stored_bytes) AS n FROM chunks', [])[0]?.['n'] ?? 0)
    const text = Buffer.from('all work and no play makes a dull file\n'.repeat(30_000))
    await test.put('text', pieces(text))
    assert.ok(stored() < text.length / 10)
    const before = stored()
    await test.put('film', pieces(Buffer.concat([Buffer.from('x'), text])), { strategy: 'streaming' })
    assert.ok(stored() - before > text.length)
    assert.deepEqual(await test.get('text'), text)
  })

  it('reads everything with any two of five nodes away, and says so with three', async () => {
    await using test = await TestGateway.open()
    const small = randomBytes(4 * KiB)
    const large = randomBytes(5 * MiB)
    await test.put('small', small)
    await test.put('large', pieces(large))
    for (let first = 0; first < 5; first++) {
      for (let second = first + 1; second < 5; second++) {
        for (const node of [first, second]) test.stores[node]?.inject({ on: 'get', error: away })
        assert.deepEqual(await test.get('small'), small)
        assert.deepEqual(await test.get('large'), large)
        assert.deepEqual(
          await test.get('large', { offset: 3_000_000, length: 1000 }),
          large.subarray(3_000_000, 3_001_000),
        )
        const third = [0, 1, 2, 3, 4].find((node) => node !== first && node !== second) ?? 0
        test.stores[third]?.inject({ on: 'get', error: away })
        await assert.rejects(test.get('large'), refusal('file_unavailable'))
        for (const store of test.stores) store.heal()
        await test.nodes.refresh()
      }
    }
  })

  it('serves right bytes from damaged nodes, and marks what is damaged; three damaged nodes give an error, never wrong bytes', async () => {
    await using test = await TestGateway.open()
    const large = randomBytes(5 * MiB)
    await test.put('large', pieces(large))
    const damage = (bytes: Uint8Array): Uint8Array => bytes.map((byte) => byte ^ 0x40)
    test.stores[0]?.inject({ on: 'get', damage })
    test.stores[3]?.inject({ on: 'get', damage })
    assert.deepEqual(await test.get('large'), large)
    const [row] = test.catalog.engine.query('SELECT count(*) AS n FROM stripes WHERE spare < 2', [])
    assert.ok(Number(row?.['n']) > 0)
    test.stores[1]?.inject({ on: 'get', damage })
    await assert.rejects(test.get('large'), (error) => error instanceof HoldfastError)
  })

  it('writes on with one node away, refuses with two, and goes on when they are back', async () => {
    await using test = await TestGateway.open()
    const body = randomBytes(4 * KiB)
    test.stores[1]?.inject({ on: 'put', error: away })
    await test.put('one-away', body)
    test.stores[2]?.inject({ on: 'put', error: away })
    await assert.rejects(
      test.put(
        'two-away',
        body.map((byte) => byte ^ 1),
      ),
      refusal('quorum_lost'),
    )
    await assert.rejects(test.get('two-away'), refusal('file_not_found'))
    for (const store of test.stores) store.heal()
    await test.nodes.refresh()
    await test.put('two-away', body)
    assert.deepEqual(await test.get('one-away'), body)
    assert.deepEqual(await test.get('two-away'), body)
  })

  it('takes another node for one that fails during the write', async () => {
    await using test = await TestGateway.open({ nodes: 7 })
    for (const node of [0, 1]) test.stores[node]?.inject({ on: 'put', error: away })
    const body = randomBytes(100 * KiB)
    await test.put('file', body)
    const [row] = test.catalog.engine.query('SELECT spare AS n FROM stripes', [])
    assert.equal(row?.['n'], 2)
  })

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

  it('refuses a body whose digest is another', async () => {
    await using test = await TestGateway.open()
    const expectedSha256 = asSha256('0'.repeat(64))
    await assert.rejects(test.put('file', randomBytes(10), { expectedSha256 }), refusal('digest_mismatch'))
    await assert.rejects(test.get('file'), refusal('file_not_found'))
  })

  it('keeps the memory of a window until its puts have settled, also when the client goes while the next one waits', async () => {
    await using test = await TestGateway.open({ budgetBytes: 20 * MiB })
    let letGo = (): void => {}
    const wait = new Promise<void>((resolve) => {
      letGo = resolve
    })
    for (const store of test.stores) store.inject({ on: 'put', times: 1, wait: () => wait })
    const gone = new AbortController()
    const cut = test.put('cut', pieces(randomBytes(20 * MiB)), { signal: gone.signal })
    await sleep(systemClock, 300)
    gone.abort(new Error('the client is gone'))
    const body = randomBytes(3 * MiB)
    const next = test.put('next', pieces(body))
    const first = await Promise.race([next.then(() => 'stored'), sleep(systemClock, 300).then(() => 'waiting')])
    assert.equal(first, 'waiting')
    letGo()
    await assert.rejects(cut, /the client is gone/)
    await next
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

  it('calls a shard missing after a second look, and only on the node that has it not', async () => {
    await using test = await TestGateway.open({ nodes: 6 })
    const body = randomBytes(4 * KiB)
    await test.put('file', body)
    const first = shardsIn(test)[0]
    const holder = test.stores[(first?.node ?? 0) - 1]
    const missing = { on: 'get', error: new HoldfastError('shard_not_found', 'not here') } as const
    holder?.inject({ ...missing, times: 1 })
    assert.deepEqual(await test.get('file'), body)
    await new Promise(setImmediate)
    assert.ok(shardsIn(test).every(({ state }) => state === 'durable'))
    holder?.inject({ ...missing, times: 2 })
    assert.deepEqual(await test.get('file'), body)
    await new Promise(setImmediate)
    assert.deepEqual(
      shardsIn(test).map(({ state }) => state),
      ['missing', 'durable', 'durable', 'durable', 'durable'],
    )

    // It was on its way to the sixth node, which has lost it.
    const nodes = new Set(shardsIn(test).map(({ node }) => node))
    const sixth = [1, 2, 3, 4, 5, 6].find((node) => !nodes.has(node)) ?? 0
    await changeShards(test, ([old, ...others]) => {
      if (old === undefined) return others
      return [{ ...old, node: sixth, state: 'durable' }, { ...old, state: 'durable' }, ...others]
    })
    assert.deepEqual(await test.get('file'), body)
    await new Promise(setImmediate)
    assert.deepEqual(
      shardsIn(test).map(({ state }) => state),
      ['missing', 'durable', 'durable', 'durable', 'durable', 'durable'],
    )
  })

  it('reads shards that are only expected where there are too few others, and does not call them missing', async () => {
    await using test = await TestGateway.open()
    const body = randomBytes(4 * KiB)
    await test.put('file', body)
    await changeShards(test, (shards) =>
      shards.map((shard, at) => (at < 3 ? { ...shard, state: 'expected' as const } : shard)),
    )
    const [first] = shardsIn(test)
    test.stores[(first?.node ?? 0) - 1]?.inject({ on: 'get', error: new HoldfastError('shard_not_found', 'not here') })
    assert.deepEqual(await test.get('file'), body)
    await new Promise(setImmediate)
    assert.equal(shardsIn(test).filter(({ state }) => state === 'expected').length, 3)
  })

  it('hands out short contents at once, and everything that is longer within the budget of readers', async () => {
    await using test = await TestGateway.open()
    await test.put('short', Buffer.alloc(64 * KiB))
    await test.put('long', Buffer.alloc(64 * KiB + 1))
    const open = async (path: string) => await test.gateway.downloads.open({ bucket: 'default', path })
    assert.equal((await open('short')).whole?.length, 64 * KiB)
    assert.equal((await open('long')).whole?.length, undefined)
  })

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

  it('reads the beginning of a body only where there is room for it', async () => {
    await using test = await TestGateway.open()
    const { promise: wait, resolve: goOn } = Promise.withResolvers<void>()
    let begun = 0
    async function* slow(): AsyncGenerator<Uint8Array> {
      begun++
      for (let piece = 0; piece < 5; piece++) yield randomBytes(50 * KiB)
      await wait
      yield randomBytes(50 * KiB)
    }
    const puts = Array.from({ length: 200 }, (_, i) => test.put(`file ${i}`, slow()))
    await sleep(systemClock, 50)
    assert.equal(begun, Math.floor((48 * MiB) / (320 * KiB)))
    goOn()
    await Promise.all(puts)
    assert.equal(begun, 200)
  })

  it('goes on with an upload over a night in which the machine slept', async () => {
    const clock = new SleepyClock()
    await using test = await TestGateway.open({ clock })
    const body = randomBytes(20 * MiB)
    async function* overNight(): AsyncGenerator<Uint8Array> {
      yield body.subarray(0, 10 * MiB)
      clock.sleep(NIGHT_MS)
      await test.gateway.reaper.run()
      yield body.subarray(10 * MiB)
    }
    await test.put('file', overNight(), { strategy: 'chunked' })
    assert.deepEqual(await test.get('file'), body)
  })

  it('refuses an upload whose session another ended meanwhile, and takes the next one', async () => {
    const clock = new SleepyClock()
    await using test = await TestGateway.open({ clock })
    const body = randomBytes(20 * MiB)
    async function* overNight(): AsyncGenerator<Uint8Array> {
      yield body.subarray(0, 10 * MiB)
      clock.sleep(NIGHT_MS)
      await test.catalog.write(closeSessions, { nowMs: clock.now() })
      for (let run = 0; run < 3; run++) await test.gateway.reaper.run()
      yield body.subarray(10 * MiB)
    }
    for (const strategy of ['chunked', 'direct'] as const) {
      await assert.rejects(test.put('file', overNight(), { strategy }), refusal('session_ended'))
      await assert.rejects(test.get('file'), refusal('file_not_found'))
    }
    await test.put('file', pieces(body))
    assert.deepEqual(await test.get('file'), body)
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
