import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { SimulatedDisk } from '../../../tests/simulation/simulated-disk.ts'
import { systemClock } from '../seams/clock.ts'
import type { DiskFile } from '../seams/disk.ts'
import { ChangedDisk } from './changed-disk.test-support.ts'
import type { Fact } from './facts.ts'
import { MemoryIndex } from './memory-index.ts'
import { makeTestDisk, memoryIndexOptions, seededRandom } from './segment-store.test-support.ts'
import { SegmentStore } from './segment-store.ts'
import type { ShardKey } from './shard-key.ts'
import { putOf, sameBytes, shardIdOf } from './shard-store-contract.ts'

const BYTES = 100_000
const payload = Buffer.alloc(BYTES, 'holdfast')

/** Counts what is read at once, and lets each such read take its time. */
class TimedDisk extends ChangedDisk {
  nowMs = 0
  readMs = 0
  readsAtOnce = 0

  override changed(file: DiskFile): DiskFile {
    return {
      ...file,
      readNow: (into, position) => {
        this.readsAtOnce++
        this.nowMs += this.readMs
        return file.readNow(into, position)
      },
    }
  }
}

/** Counts how often it is asked, which on a real disk may have to be read for that. */
class AskedIndex extends MemoryIndex {
  asked = 0

  override facts(key: ShardKey): readonly Fact[] {
    this.asked++
    return super.facts(key)
  }
}

async function openStore() {
  const simulated = new SimulatedDisk({ random: seededRandom(1) })
  await makeTestDisk(simulated)
  const disk = new TimedDisk(simulated)
  const index = new AskedIndex()
  const clock = { ...systemClock, monotonicMs: () => disk.nowMs }
  const store = await SegmentStore.open({ ...memoryIndexOptions(disk), clock, openIndex: async () => index })
  for (const number of [1, 2]) await store.put(putOf(shardIdOf(number), payload))
  const readNow = (number: number, offset: number): Uint8Array | undefined =>
    store.getNow(shardIdOf(number), { offset, length: 5000 })
  const read = (number: number, offset: number): Promise<Uint8Array> =>
    store.getAsIs(shardIdOf(number), { offset, length: 5000 })
  return { store, disk, index, readNow, read }
}

describe('reads at once', () => {
  it('touch nothing that was not read before: a disk that has begun to hang stops nobody', async () => {
    const { store, disk, readNow, read } = await openStore()
    await using _ = store
    assert.equal(readNow(1, 0), undefined)
    sameBytes(await read(1, 0), payload.subarray(0, 5000))
    sameBytes(readNow(1, 0) ?? assert.fail(), payload.subarray(0, 5000))
    assert.equal(disk.readsAtOnce, 1)
    for (const [number, offset] of [
      [1, 4000],
      [1, 50_000],
      [2, 0],
    ] as const) {
      assert.equal(readNow(number, offset), undefined)
    }
    assert.equal(disk.readsAtOnce, 1)
  })

  it('do not ask the index, which lies on the same disk, but go by what was asked before', async () => {
    const { store, index, readNow, read } = await openStore()
    await using _ = store
    const { asked } = index
    assert.equal(readNow(1, 0), undefined)
    assert.equal(index.asked, asked)
    await read(1, 0)
    assert.ok(index.asked > asked, 'control: whoever reads the long way asks it')
    const askedThen = index.asked
    assert.notEqual(readNow(1, 0), undefined)
    assert.equal(index.asked, askedThen)
  })

  it('are not tried again, where one after the other was slow, before the bytes were read anew', async () => {
    const { store, disk, readNow, read } = await openStore()
    await using _ = store
    await read(1, 0)
    disk.readMs = 30
    while (readNow(1, 0) !== undefined) disk.nowMs += 600
    const tried = disk.readsAtOnce
    disk.nowMs += 3600_000
    assert.equal(readNow(1, 0), undefined)
    assert.equal(disk.readsAtOnce, tried)
    await read(1, 0)
    disk.readMs = 0
    assert.notEqual(readNow(1, 0), undefined)
  })
})
