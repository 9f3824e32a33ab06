import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { HoldfastError } from '@holdfast/core/wire/errors.ts'
import { type Clock, systemClock } from '../seams/clock.ts'
import { CountedStore } from './counted-store.ts'
import { FaultyStore } from './faulty-store.ts'
import { MemoryStore } from './memory-store.ts'
import { DISK, NODE } from './segment-store.test-support.ts'
import { LINEAGE, orderOf, putOf, refuses, sameBytes, shardIdOf } from './shard-store-contract.ts'
import { ThrottledStore } from './throttled-store.ts'

const PAYLOAD = Buffer.alloc(1000, 7)

function newMemory(capacityBytes = 1e9): MemoryStore {
  return new MemoryStore({ node: NODE, disk: DISK, lineage: LINEAGE, capacityBytes })
}

/** A clock whose timers fire at once and move it on. */
function quickClock(): Clock & { nowMs: number } {
  const clock = {
    ...systemClock,
    nowMs: 0,
    monotonicMs: () => clock.nowMs,
    after(delayMs: number, act: () => void) {
      const dueMs = clock.nowMs + delayMs
      queueMicrotask(() => {
        clock.nowMs = Math.max(clock.nowMs, dueMs)
        act()
      })
      return { cancel: () => undefined }
    },
  }
  return clock
}

describe('a store in memory', () => {
  it('is full when its capacity is used, and has room again after a purge', async () => {
    const store = newMemory(2500)
    for (const number of [1, 2]) await store.put(putOf(shardIdOf(number), PAYLOAD))
    await refuses('disk_full', () => store.put(putOf(shardIdOf(3), PAYLOAD)))
    await store.purge([shardIdOf(1)], orderOf(2))
    await store.put(putOf(shardIdOf(3), PAYLOAD))
    assert.equal((await store.report()).freeBytes, 500)
  })

  it('does not see what a caller does to the bytes afterwards', async () => {
    const store = newMemory()
    const put = putOf(shardIdOf(1), PAYLOAD)
    await store.put(put)
    put.record.bytes.fill(0)
    const got = await store.get(shardIdOf(1))
    sameBytes(got, PAYLOAD)
    got.fill(0)
    sameBytes(await store.get(shardIdOf(1)), PAYLOAD)
  })
})

describe('a throttled store', () => {
  it('lets no more bytes through than it may, whatever comes at once', async () => {
    const clock = quickClock()
    const store = new ThrottledStore(newMemory(), clock, { bytesPerSecond: 10_000 })
    await Promise.all(Array.from({ length: 21 }, (_, number) => store.put(putOf(shardIdOf(number), PAYLOAD))))
    assert.ok(clock.nowMs >= 2000 && clock.nowMs < 2200, `${clock.nowMs} ms for 21,000 bytes`)
    assert.equal(store.getNow(shardIdOf(1), { offset: 0, length: 10 }), undefined)
    clock.nowMs += 1000
    assert.ok(store.getNow(shardIdOf(1), { offset: 0, length: 1000 }) !== undefined)
    assert.equal(store.getNow(shardIdOf(1), { offset: 0, length: 10 }), undefined)
  })
})

describe('a faulty store', () => {
  it('fails as often as it was told, and counts it', async () => {
    const store = new FaultyStore(newMemory())
    store.inject({ on: 'put', times: 2, error: new HoldfastError('node_unavailable', 'away') })
    for (let each = 0; each < 2; each++)
      await refuses('node_unavailable', () => store.put(putOf(shardIdOf(1), PAYLOAD)))
    await store.put(putOf(shardIdOf(1), PAYLOAD))
    assert.equal(store.fired.get('put'), 2)
  })

  it('loses answers of deeds that were done, damages bytes, waits, and heals', async () => {
    const store = new FaultyStore(newMemory())
    store.inject({ on: 'put', times: 1, lostAnswer: new HoldfastError('node_unavailable', 'gone') })
    await refuses('node_unavailable', () => store.put(putOf(shardIdOf(1), PAYLOAD)))
    sameBytes(await store.get(shardIdOf(1)), PAYLOAD)
    store.inject({ on: 'get', damage: (bytes) => bytes.map((byte) => byte ^ 1) })
    assert.equal(store.getNow(shardIdOf(1), { offset: 0, length: 10 }), undefined)
    assert.equal((await store.get(shardIdOf(1)))[0], 6)
    store.heal()
    sameBytes(store.getNow(shardIdOf(1), { offset: 0, length: 1000 }), PAYLOAD)
    let waited = false
    const wait = async (): Promise<void> => {
      waited = true
    }
    store.inject({ on: 'list', wait })
    assert.equal((await store.list({ limit: 5 })).length, 1)
    assert.equal(waited, true)
  })
})

describe('a counted store', () => {
  it('counts calls by their outcome, and bytes', async () => {
    const store = new CountedStore(newMemory())
    await store.put(putOf(shardIdOf(1), PAYLOAD))
    await store.get(shardIdOf(1), { offset: 0, length: 10 })
    await refuses('shard_not_found', () => store.get(shardIdOf(2)))
    store.getNow(shardIdOf(2), { offset: 0, length: 1 })
    assert.deepEqual(
      [...store.counts],
      [
        ['put done', 1],
        ['get done', 1],
        ['get shard_not_found', 1],
        ['getNow later', 1],
      ],
    )
    assert.deepEqual([store.bytesPut, store.bytesGot], [1000, 10])
  })
})
