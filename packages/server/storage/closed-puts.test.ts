import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { asId } from '@holdfast/core/wire/ids.ts'
import { SimulatedDisk } from '../../../tests/simulation/simulated-disk.ts'
import { ClosedPuts } from './closed-puts.ts'
import { makeTestDisk, memoryIndexOptions, seededRandom } from './segment-store.test-support.ts'
import { SegmentStore } from './segment-store.ts'
import { LINEAGE, orderOf, putOf, refuses, shardIdOf } from './shard-store-contract.ts'

const PAYLOAD = Buffer.alloc(100, 7)

async function belowOn(disk: SimulatedDisk): Promise<number> {
  return (await ClosedPuts.open(disk, LINEAGE)).below
}

describe('closed puts', () => {
  it('stay closed over a restart, a power cut and a drive that was pulled', async () => {
    const disk = new SimulatedDisk({ random: seededRandom(1) })
    await makeTestDisk(disk)
    const isClosed = async (store: SegmentStore): Promise<void> => {
      await refuses('session_ended', () => store.put(putOf(shardIdOf(1), PAYLOAD, 4)))
      await store.put(putOf(shardIdOf(2), PAYLOAD, 5))
    }
    const first = await SegmentStore.open(memoryIndexOptions(disk))
    await first.closePuts(orderOf(5))
    await isClosed(first)
    await first[Symbol.asyncDispose]()
    const second = await SegmentStore.open(memoryIndexOptions(disk))
    await isClosed(second)
    disk.crash()
    const third = await SegmentStore.open(memoryIndexOptions(disk))
    disk.setAway(true)
    await third.checkIdentity()
    disk.setAway(false)
    await third.checkIdentity()
    await isClosed(third)
  })

  it('are open on a disk that was never told', async () => {
    const disk = new SimulatedDisk({ random: seededRandom(1) })
    await makeTestDisk(disk)
    const store = await SegmentStore.open(memoryIndexOptions(disk))
    await store.put(putOf(shardIdOf(1), PAYLOAD, 1))
  })

  it('count at once, are told in any order, and never fall', async () => {
    const disk = new SimulatedDisk({ random: seededRandom(1) })
    const closed = await ClosedPuts.open(disk, LINEAGE)
    const raising = [closed.raise(7), closed.raise(3), closed.raise(9)]
    assert.equal(closed.below, 9)
    await Promise.all(raising)
    assert.equal(await belowOn(disk), 9)
  })

  it('are at the old number or the new one after a crash, and at the new one when it was answered', async () => {
    const seen = new Set<string>()
    for (let seed = 1; seed < 80; seed++) {
      const random = seededRandom(seed)
      const disk = new SimulatedDisk({ random, pause: () => new Promise((resolve) => setImmediate(resolve)) })
      const closed = await ClosedPuts.open(disk, LINEAGE)
      await closed.raise(3)
      let isAnswered = false
      closed.raise(5).then(
        () => {
          isAnswered = true
        },
        () => undefined,
      )
      for (let ticks = random.float() * 20; ticks > 0; ticks--) await new Promise((resolve) => setImmediate(resolve))
      const wasAnswered = isAnswered
      disk.crash()
      const below = await belowOn(disk)
      if (wasAnswered) assert.equal(below, 5, `seed ${seed}`)
      seen.add(`${below} ${wasAnswered}`)
    }
    assert.ok(seen.has('3 false') && seen.has('5 true'), [...seen].join())
  })

  it('are written the next time where the disk failed', async () => {
    const disk = new SimulatedDisk({ random: seededRandom(1) })
    const closed = await ClosedPuts.open(disk, LINEAGE)
    disk.fillBytes = Number.MAX_SAFE_INTEGER
    await assert.rejects(closed.raise(5), { code: 'ENOSPC' })
    disk.fillBytes = 0
    await closed.raise(4)
    assert.equal(await belowOn(disk), 5)
  })

  it('count as none in a damaged file, and in one of another catalog; a newer format is refused', async () => {
    const disk = new SimulatedDisk({ random: seededRandom(1) })
    await (await ClosedPuts.open(disk, LINEAGE)).raise(5)
    const bytes = Buffer.from(disk.contents('closed'))
    assert.equal((await ClosedPuts.open(disk, asId('f'.repeat(32)))).below, 0)
    for (let at = 0; at < bytes.length; at++) {
      const flipped = Buffer.from(bytes)
      flipped[at] = (flipped[at] ?? 0) ^ 4
      disk.setContents('closed', flipped)
      assert.equal(await belowOn(disk), 0)
    }
    disk.setContents('closed', Buffer.from('{"format":2}\n6f3b2e01\n'))
    await refuses('format_unknown', () => belowOn(disk))
  })
})
