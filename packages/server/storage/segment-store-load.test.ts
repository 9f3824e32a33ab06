/** A store that more is asked of than it, its machine or its disk can give at once. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { SimulatedDisk } from '../../../tests/simulation/simulated-disk.ts'
import { type Clock, systemClock } from '../seams/clock.ts'
import type { Disk, DiskFile } from '../seams/disk.ts'
import { QUEUED_BYTES_MAX } from './appender.ts'
import { ChangedDisk } from './changed-disk.test-support.ts'
import { makeTestDisk, memoryIndexOptions, PAYLOAD, seededRandom, simulatedDisk } from './segment-store.test-support.ts'
import { SegmentStore } from './segment-store.ts'
import { putOf, refuses, sameBytes, shardIdOf } from './shard-store-contract.ts'

describe('a store under load', () => {
  it('tells who comes when no file handle is left to come back, and fails nothing', async () => {
    const disk = await simulatedDisk()
    const limited = new NoHandles(disk)
    const store = await SegmentStore.open(memoryIndexOptions(limited))
    limited.none = true
    await refuses('overloaded', () => store.put(putOf(shardIdOf(1), PAYLOAD)))
    limited.none = false
    await store.put(putOf(shardIdOf(1), PAYLOAD))
    limited.none = true
    await refuses('overloaded', () => store.get(shardIdOf(1)))
    limited.none = false
    sameBytes(await store.get(shardIdOf(1)), PAYLOAD)
    assert.equal((await store.report()).state, 'online')
  })

  it('tells who brings more than it can hold to come back', async () => {
    const disk = new SimulatedDisk({
      random: seededRandom(1),
      pause: () => new Promise((resolve) => setImmediate(resolve)),
    })
    await makeTestDisk(disk)
    const store = await SegmentStore.open(memoryIndexOptions(disk))
    const payload = new Uint8Array(4_000_000)
    const puts = Array.from({ length: 20 }, (_, number) => store.put(putOf(shardIdOf(number), payload)))
    const results = await Promise.allSettled(puts)
    const kept = results.filter((result) => result.status === 'fulfilled').length
    assert.equal(kept, Math.floor(QUEUED_BYTES_MAX / 4_005_888))
    const refused = results.find((result) => result.status === 'rejected')
    await refuses('overloaded', () => Promise.reject(refused?.reason))
    await store.put(putOf(shardIdOf(99), payload))
  })

  it('leaves reading to `get` for a while after a read that took long', async () => {
    let nowMs = 0
    let readMs = 0
    const clock: Clock = { ...systemClock, monotonicMs: () => nowMs }
    const disk = new SlowNow(await simulatedDisk(), () => {
      nowMs += readMs
    })
    const store = await SegmentStore.open({ ...memoryIndexOptions(disk), clock })
    await store.put(putOf(shardIdOf(1), PAYLOAD))
    await store.get(shardIdOf(1))
    const now = (): boolean => store.getNow(shardIdOf(1), { offset: 0, length: 10 }) !== undefined
    assert.equal(now(), true)
    readMs = 30
    assert.equal(now(), true)
    assert.equal(now(), false)
    nowMs += 11
    assert.equal(now(), true)
    nowMs += 11
    assert.equal(now(), false)
    nowMs += 2000
    readMs = 0
    for (let each = 0; each < 300; each++) assert.equal(now(), true)
  })

  it('is not taken for away because a put hangs: what waits for that gives up, and is no call that hangs itself', async () => {
    const disk = new HangingWrites(await simulatedDisk())
    // A hundred times as fast.
    const clock: Clock = { ...systemClock, after: (delayMs, act) => systemClock.after(delayMs / 100, act) }
    const store = await SegmentStore.open({ ...memoryIndexOptions(disk), clock })
    await store.put(putOf(shardIdOf(1), PAYLOAD))
    disk.hang()
    const put = store.put(putOf(shardIdOf(2), PAYLOAD))
    const order = { ...putOf(shardIdOf(2), PAYLOAD).order, sequence: 1000 }
    const waiting = [store.list({ limit: 10 }), store.purge([shardIdOf(2)], order)].map((call) =>
      refuses('overloaded', () => call),
    )
    const late = setTimeout(() => disk.goOn(), 2000)
    await Promise.all(waiting)
    clearTimeout(late)
    sameBytes(await store.get(shardIdOf(1)), PAYLOAD)
    disk.goOn()
    await put
    assert.equal((await store.list({ limit: 10 })).length, 2)
    await store.purge([shardIdOf(2)], order)
    await store[Symbol.asyncDispose]()
  })
})

class HangingWrites extends ChangedDisk {
  #hanging: PromiseWithResolvers<void> | undefined

  hang(): void {
    this.#hanging = Promise.withResolvers()
  }

  goOn(): void {
    this.#hanging?.resolve()
  }

  override changed(file: DiskFile): DiskFile {
    return {
      ...file,
      write: async (pieces, position) => {
        await this.#hanging?.promise
        await file.write(pieces, position)
      },
    }
  }
}

class NoHandles extends ChangedDisk {
  none = false

  override changed(file: DiskFile): DiskFile {
    if (this.none) throw Object.assign(new Error('no handle'), { code: 'EMFILE' })
    return file
  }
}

class SlowNow extends ChangedDisk {
  readonly #onRead: () => void

  constructor(inner: Disk, onRead: () => void) {
    super(inner)
    this.#onRead = onRead
  }

  override changed(file: DiskFile): DiskFile {
    return {
      ...file,
      readNow: (into, position) => {
        this.#onRead()
        return file.readNow(into, position)
      },
    }
  }
}
