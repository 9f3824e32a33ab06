/** A disk that is full or fails while a store stands on it. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Disk, DiskFile, OpenOptions } from '../seams/disk.ts'
import { FileDisk } from '../seams/file-disk.ts'
import { ManualClock } from '../seams/manual-clock.test-support.ts'
import { SmallFileSystem, whyNoSmallFileSystem } from '../seams/small-file-system.test-support.ts'
import { ChangedDisk } from './changed-disk.test-support.ts'
import { SHARDS_UNREAD_MAX } from './read-errors.ts'
import { fileOptions, makeTestDisk, memoryIndexOptions, PAYLOAD, simulatedDisk } from './segment-store.test-support.ts'
import { SegmentStore } from './segment-store.ts'
import { orderOf, putOf, refuses, sameBytes, shardIdOf } from './shard-store-contract.ts'

describe('a full disk', () => {
  it('refuses puts at its reserve, still deletes and compacts, and takes puts again when there is room', async () => {
    const disk = await simulatedDisk(1_000_000)
    const store = await SegmentStore.open({
      ...memoryIndexOptions(disk),
      segmentBytesMax: 200_000,
      reserveBytes: 250_000,
    })
    let kept = 0
    await refuses('disk_full', async () => {
      for (;;) {
        await store.put(putOf(shardIdOf(kept), PAYLOAD))
        kept++
      }
    })
    assert.ok(kept > 40, `${kept} shards were kept`)
    assert.equal((await store.report()).state, 'full')
    for (let number = 0; number < kept; number++) sameBytes(await store.get(shardIdOf(number)), PAYLOAD)
    await refuses('disk_full', () => store.put(putOf(shardIdOf(900), PAYLOAD)))
    await store.purge(
      Array.from({ length: kept - 5 }, (_, number) => shardIdOf(number)),
      orderOf(9),
    )
    assert.ok((await store.compact({ bytesPerSecond: 1e9 })).removedSegments > 0)
    assert.equal((await store.report()).state, 'online')
    await store.put(putOf(shardIdOf(900), PAYLOAD))
  })

  it('keeps nothing of a put that met the end of the room, also not after a restart', async () => {
    const disk = await simulatedDisk()
    // Too short for zeros written ahead, so that the one write that fails is the record's own.
    const options = { ...memoryIndexOptions(disk), segmentBytesMax: 400_000 }
    const store = await SegmentStore.open(options)
    await store.put(putOf(shardIdOf(1), PAYLOAD))
    for (let round = 0; round < 20; round++) {
      disk.force('noSpace')
      const puts = [2, 3, 4].map((number) => store.put(putOf(shardIdOf(number), PAYLOAD)))
      for (const put of puts) await refuses('disk_full', () => put)
      assert.equal((await store.report()).state, 'online')
    }
    await store.put(putOf(shardIdOf(5), PAYLOAD))
    await store[Symbol.asyncDispose]()
    const again = await SegmentStore.open(options)
    assert.deepEqual(
      (await again.list({ limit: 10 })).map((entry) => entry.id),
      [shardIdOf(1), shardIdOf(5)],
    )
  })

  it('keeps nothing of a put that was written whole before the room ended, also not after a kill', async () => {
    const disk = await simulatedDisk()
    const full = new FullAtEnd(disk)
    const options = { ...memoryIndexOptions(full), segmentBytesMax: 400_000 }
    const store = await SegmentStore.open(options)
    await store.put(putOf(shardIdOf(1), PAYLOAD))
    full.isFull = true
    const puts = [2, 3, 4].map((number) => store.put(putOf(shardIdOf(number), PAYLOAD)))
    for (const put of puts) await refuses('disk_full', () => put)
    assert.ok(full.told > 0)
    // No clean end, which would cut the segment to what was acknowledged.
    disk.kill()
    const again = await SegmentStore.open(memoryIndexOptions(disk))
    assert.deepEqual(
      (await again.list({ limit: 10 })).map((entry) => entry.id),
      [shardIdOf(1)],
    )
  })

  it('leaves no empty segments behind when there is no room to begin one', async () => {
    const disk = await simulatedDisk()
    const store = await SegmentStore.open(memoryIndexOptions(disk))
    for (let round = 0; round < 5; round++) {
      disk.force('noSpace')
      disk.force('noSpace')
      await refuses('disk_full', () => store.put(putOf(shardIdOf(1), PAYLOAD)))
      await store.checkIdentity()
    }
    assert.deepEqual(await disk.list('segments'), [])
    await store.put(putOf(shardIdOf(1), PAYLOAD))
  })

  it('is met for real on a small file system', { skip: whyNoSmallFileSystem() }, async () => {
    using small = SmallFileSystem.mount('3m')
    const smallDisk = new FileDisk(small.path)
    await makeTestDisk(smallDisk)
    const options = await fileOptions(smallDisk)
    await using store = await SegmentStore.open(options)
    const kept: number[] = []
    for (let number = 0; number < 400; number++) {
      await store.put(putOf(shardIdOf(number), PAYLOAD)).then(
        () => kept.push(number),
        (error: unknown) =>
          assert.ok(error instanceof Error && 'code' in error && error.code === 'disk_full', String(error)),
      )
    }
    assert.ok(kept.length > 100 && kept.length < 400, `${kept.length} were kept`)
    for (const number of kept) sameBytes(await store.get(shardIdOf(number)), PAYLOAD)
    assert.equal((await store.list({ limit: 1000 })).length, kept.length)
  })
})

describe('a failing disk', () => {
  for (const fault of ['writeError', 'partialWrite', 'syncError'] as const) {
    it(`is failed for good after a ${fault}: no receipt, no further write, reads go on`, async () => {
      const disk = await simulatedDisk()
      const store = await SegmentStore.open(memoryIndexOptions(disk))
      await store.put(putOf(shardIdOf(1), PAYLOAD))
      disk.force(fault)
      await refuses('disk_failed', () => store.put(putOf(shardIdOf(2), PAYLOAD)))
      const before = disk.contents('segments/0000000000000001.seg').slice()
      await refuses('disk_failed', () => store.put(putOf(shardIdOf(3), PAYLOAD)))
      await refuses('disk_failed', () => store.delete([shardIdOf(1)], orderOf(5)))
      await refuses('disk_failed', () => store.compact({ bytesPerSecond: 1 }))
      assert.deepEqual(disk.contents('segments/0000000000000001.seg'), before)
      sameBytes(await store.get(shardIdOf(1)), PAYLOAD)
      await store.checkIdentity()
      assert.equal((await store.report()).state, 'failed')
      await store[Symbol.asyncDispose]()
    })
  }

  it('is failed when a segment that is full cannot be closed', async () => {
    const disk = await simulatedDisk()
    const store = await SegmentStore.open({
      ...memoryIndexOptions(new FailingAt(disk, 53_248)),
      segmentBytesMax: 65_536,
    })
    for (let number = 0; number < 4; number++) await store.put(putOf(shardIdOf(number), PAYLOAD))
    await refuses('disk_failed', async () => {
      for (let number = 4; number < 9; number++) await store.put(putOf(shardIdOf(number), PAYLOAD))
    })
    assert.equal((await store.report()).state, 'failed')
    await store[Symbol.asyncDispose]()
  })

  it('fails all that waited for it', async () => {
    const disk = await simulatedDisk()
    const store = await SegmentStore.open(memoryIndexOptions(disk))
    await store.put(putOf(shardIdOf(1), PAYLOAD))
    disk.force('syncError')
    const puts = Array.from({ length: 50 }, (_, number) => store.put(putOf(shardIdOf(number + 2), PAYLOAD)))
    for (const put of puts) await refuses('disk_failed', () => put)
  })

  it('is asked twice when a read fails, and then the shard is damaged', async () => {
    const disk = await simulatedDisk()
    const store = await SegmentStore.open(memoryIndexOptions(disk))
    await store.put(putOf(shardIdOf(1), PAYLOAD))
    disk.force('readError')
    sameBytes(await store.get(shardIdOf(1)), PAYLOAD)
    for (const range of [undefined, { offset: 0, length: 5 }]) {
      disk.force('readError')
      disk.force('readError')
      await refuses('shard_corrupt', () => store.get(shardIdOf(1), range))
    }
    assert.equal(disk.fired.get('readError'), 5)
    disk.force('readError')
    assert.equal(store.getNow(shardIdOf(1), { offset: 0, length: 5 }), undefined)
    assert.equal((await store.report()).state, 'online')
  })

  it('is suspect once it fails to read too many shards within the hour, and not by one that is asked for often', async () => {
    const clock = new ManualClock()
    const disk = new BadSectors(await simulatedDisk(), { from: 0, to: 0 })
    const store = await SegmentStore.open({ ...memoryIndexOptions(disk), clock })
    const ids = Array.from({ length: SHARDS_UNREAD_MAX }, (_, number) => shardIdOf(number))
    for (const id of ids) await store.put(putOf(id, PAYLOAD))
    disk.bad = { from: 0, to: Number.POSITIVE_INFINITY }
    const said = async (): Promise<unknown> => {
      const { state, readErrors } = await store.report()
      return [state, readErrors]
    }
    assert.deepEqual(await said(), ['online', 0])
    const [first = assert.fail(), ...others] = ids
    for (let time = 0; time < 2 * SHARDS_UNREAD_MAX; time++) await refuses('shard_corrupt', () => store.get(first))
    assert.deepEqual(await said(), ['online', 2 * SHARDS_UNREAD_MAX])
    for (const id of others) await refuses('shard_corrupt', () => store.get(id))
    assert.deepEqual(await said(), ['suspect', 3 * SHARDS_UNREAD_MAX - 1])
    clock.advance(3600_000)
    assert.equal((await store.report()).state, 'online')
  })

  it('is opened although parts of a segment cannot be read', async () => {
    const disk = await simulatedDisk()
    const store = await SegmentStore.open(memoryIndexOptions(disk))
    for (let number = 0; number < 20; number++) await store.put(putOf(shardIdOf(number), PAYLOAD))
    await store[Symbol.asyncDispose]()
    const bad = new BadSectors(disk, { from: 30_000, to: 31_000 })
    const again = await SegmentStore.open(memoryIndexOptions(bad))
    const there = (await again.list({ limit: 100 })).length
    assert.ok(there >= 18 && there < 20, `${there} of 20 are there`)
    assert.ok(again.damagedPlaces > 0)
  })
})

/** Cannot read some bytes of any long file. */
class BadSectors extends ChangedDisk {
  bad: { readonly from: number; readonly to: number }

  constructor(inner: Disk, bad: { from: number; to: number }) {
    super(inner)
    this.bad = bad
  }

  override changed(file: DiskFile): DiskFile {
    return {
      ...file,
      read: async (into, position) => {
        const { from, to } = this.bad
        if (position < to && position + into.length > from)
          throw Object.assign(new Error('bad sector'), { code: 'EIO' })
        return await file.read(into, position)
      },
    }
  }
}

/** Takes all of a write and then names ENOSPC: the room ended behind its last byte, in what the file system writes of its own. */
class FullAtEnd extends ChangedDisk {
  isFull = false
  told = 0

  override changed(file: DiskFile, { durable = false }: OpenOptions): DiskFile {
    return {
      ...file,
      write: async (pieces, position) => {
        await file.write(pieces, position)
        if (!durable || !this.isFull) return
        this.told++
        throw Object.assign(new Error('no room'), { code: 'ENOSPC' })
      },
    }
  }
}

/** Cannot write at one position of any file: where the index record of a full segment goes. */
class FailingAt extends ChangedDisk {
  readonly #position: number

  constructor(inner: Disk, position: number) {
    super(inner)
    this.#position = position
  }

  override changed(file: DiskFile): DiskFile {
    return {
      ...file,
      write: async (pieces, position) => {
        if (position === this.#position) throw Object.assign(new Error('bad sector'), { code: 'EIO' })
        await file.write(pieces, position)
      },
    }
  }
}
