/** A disk that goes away while a store stands on it, and comes back. */
import assert from 'node:assert/strict'
import { rename } from 'node:fs/promises'
import { describe, it } from 'node:test'
import { asId } from '@holdfast/core/wire/ids.ts'
import { SimulatedDisk } from '../../../tests/simulation/simulated-disk.ts'
import { makeIdentity } from './identity.ts'
import {
  fileOptions,
  makeTestDisk,
  memoryIndexOptions,
  PAYLOAD,
  seededRandom,
  simulatedDisk,
  testDirectory,
  WHO,
} from './segment-store.test-support.ts'
import { SegmentStore } from './segment-store.ts'
import { orderOf, putOf, refuses, sameBytes, shardIdOf } from './shard-store-contract.ts'

describe('a disk that goes away', () => {
  it('answers nothing until it is back, and then all that it acknowledged', async () => {
    const disk = await simulatedDisk()
    const store = await SegmentStore.open(memoryIndexOptions(disk))
    await store.put(putOf(shardIdOf(1), PAYLOAD))
    disk.setAway(true)
    await refuses('node_unavailable', () => store.put(putOf(shardIdOf(2), PAYLOAD)))
    await refuses('node_unavailable', () => store.get(shardIdOf(1)))
    await refuses('node_unavailable', () => store.delete([shardIdOf(1)], orderOf(5)))
    await refuses('node_unavailable', () => store.list({ limit: 1 }))
    assert.equal(store.getNow(shardIdOf(1), { offset: 0, length: 1 }), undefined)
    await store.checkIdentity()
    assert.deepEqual((await store.report()).state, 'absent')
    disk.setAway(false)
    await store.checkIdentity()
    const report = await store.report()
    assert.equal(report.state, 'online')
    assert.equal(report.starts, 2)
    sameBytes(await store.get(shardIdOf(1)), PAYLOAD)
    await store.put(putOf(shardIdOf(2), PAYLOAD))
  })

  it('is noticed by the check, in a real directory that is moved and comes back', async () => {
    await using directory = await testDirectory()
    await makeTestDisk(directory.disk)
    const store = await SegmentStore.open(await fileOptions(directory.disk))
    await store.put(putOf(shardIdOf(1), PAYLOAD))
    await rename(directory.path, `${directory.path}-away`)
    await store.checkIdentity()
    await refuses('node_unavailable', () => store.get(shardIdOf(1)))
    await refuses('node_unavailable', () => store.put(putOf(shardIdOf(2), PAYLOAD)))
    await rename(`${directory.path}-away`, directory.path)
    await store.checkIdentity()
    sameBytes(await store.get(shardIdOf(1)), PAYLOAD)
    await store.put(putOf(shardIdOf(2), PAYLOAD))
    await store[Symbol.asyncDispose]()
  })

  it('is not mistaken for another disk under its path', async () => {
    const disk = await simulatedDisk()
    const store = await SegmentStore.open(memoryIndexOptions(disk))
    await store.put(putOf(shardIdOf(1), PAYLOAD))
    const identity = disk.contents('identity').slice()
    const other = new SimulatedDisk({ random: seededRandom(1) })
    await makeIdentity(other, { ...WHO, disk: asId('e'.repeat(32)) })
    disk.setContents('identity', other.contents('identity').slice())
    await store.checkIdentity()
    await store.checkIdentity()
    await refuses('node_unavailable', () => store.get(shardIdOf(1)))
    disk.setContents('identity', identity)
    await store.checkIdentity()
    sameBytes(await store.get(shardIdOf(1)), PAYLOAD)
  })

  it('gets no new segment where its identity is missing', async () => {
    const disk = await simulatedDisk()
    const store = await SegmentStore.open(memoryIndexOptions(disk))
    await disk.remove('identity')
    await refuses('node_unavailable', () => store.put(putOf(shardIdOf(1), PAYLOAD)))
    assert.deepEqual(await disk.list('segments'), [])
  })
})
