import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { asId } from '@holdfast/core/wire/ids.ts'
import { ManualClock } from '../seams/manual-clock.test-support.ts'
import { FaultyStore } from '../storage/faulty-store.ts'
import { MemoryStore } from '../storage/memory-store.ts'
import { LINEAGE, putOf, refuses, shardIdOf, shardStoreContract } from '../storage/shard-store-contract.ts'
import { TimelyStore } from './timely-store.ts'

const [node, disk] = [asId('0b'.repeat(16)), asId('0c'.repeat(16))]

function faulty(): FaultyStore {
  return new FaultyStore(new MemoryStore({ node, disk, lineage: LINEAGE, capacityBytes: 1e9 }))
}

shardStoreContract('timely', async () => new TimelyStore(faulty(), new ManualClock()))

describe('a timely store', () => {
  it('fails where no answer comes in time, and asks nothing more until it has come', async () => {
    const clock = new ManualClock()
    const inner = faulty()
    const store = new TimelyStore(inner, clock)
    const { promise, resolve } = Promise.withResolvers<void>()
    inner.inject({ on: 'list', times: 1, wait: () => promise })
    const listing = store.list({ limit: 1 })
    clock.advance(29_999)
    await store.report()
    clock.advance(1)
    await refuses('node_unavailable', () => listing)
    inner.inject({ on: 'report', wait: async () => assert.fail('a disk that hangs is not asked') })
    await refuses('node_unavailable', () => store.report())
    await store.put(putOf(shardIdOf(1), Buffer.alloc(10)))
    inner.heal()
    resolve()
    await new Promise(setImmediate)
    assert.equal((await store.report()).state, 'online')
    assert.equal(clock.timers, 0)
  })

  it('waits for a report no longer than five seconds', async () => {
    const clock = new ManualClock()
    const inner = faulty()
    inner.inject({ on: 'report', wait: () => new Promise(() => undefined) })
    const report = new TimelyStore(inner, clock).report()
    clock.advance(5000)
    await refuses('node_unavailable', () => report)
  })
})
