/** A disk that is full, fails, is slow or goes away while a store stands on it. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { rename } from 'node:fs/promises'
import { describe, it, type TestContext } from 'node:test'
import { asId } from '@holdfast/core/wire/ids.ts'
import { SimulatedDisk } from '../../../tests/simulation/simulated-disk.ts'
import { type Clock, systemClock } from '../seams/clock.ts'
import type { Disk, DiskFile, OpenOptions } from '../seams/disk.ts'
import type { FileDisk } from '../seams/file-disk.ts'
import { QUEUED_BYTES_MAX } from './appender.ts'
import { makeIdentity } from './identity.ts'
import {
  fileOptions,
  makeTestDisk,
  memoryIndexOptions,
  seededRandom,
  testDirectory,
  WHO,
} from './segment-store.test-support.ts'
import { SegmentStore } from './segment-store.ts'
import { orderOf, putOf, refuses, sameBytes, shardIdOf } from './shard-store-contract.ts'

const random = seededRandom(3)
const PAYLOAD = random.bytes(10_000)

async function newDisk(capacityBytes?: number): Promise<SimulatedDisk> {
  const disk = new SimulatedDisk({ random: seededRandom(1), ...(capacityBytes === undefined ? {} : { capacityBytes }) })
  await makeTestDisk(disk)
  return disk
}

describe('a full disk', () => {
  it('refuses puts at its reserve, still deletes and compacts, and takes puts again when there is room', async () => {
    const disk = await newDisk(1_000_000)
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
    const disk = await newDisk()
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

  it('leaves no empty segments behind when there is no room to begin one', async () => {
    const disk = await newDisk()
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

  it('is met for real on a small file system', async (test) => {
    await using small = await tmpfs(test, '3m')
    if (small === undefined) return
    const options = await fileOptions(small.disk)
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
      const disk = await newDisk()
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
    const disk = await newDisk()
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
    const disk = await newDisk()
    const store = await SegmentStore.open(memoryIndexOptions(disk))
    await store.put(putOf(shardIdOf(1), PAYLOAD))
    disk.force('syncError')
    const puts = Array.from({ length: 50 }, (_, number) => store.put(putOf(shardIdOf(number + 2), PAYLOAD)))
    for (const put of puts) await refuses('disk_failed', () => put)
  })

  it('is asked twice when a read fails, and then the shard is damaged', async () => {
    const disk = await newDisk()
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

  it('is opened although parts of a segment cannot be read', async () => {
    const disk = await newDisk()
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

describe('a disk that goes away', () => {
  it('answers nothing until it is back, and then all that it acknowledged', async () => {
    const disk = await newDisk()
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
    const disk = await newDisk()
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
    const disk = await newDisk()
    const store = await SegmentStore.open(memoryIndexOptions(disk))
    await disk.remove('identity')
    await refuses('node_unavailable', () => store.put(putOf(shardIdOf(1), PAYLOAD)))
    assert.deepEqual(await disk.list('segments'), [])
  })
})

describe('a store under load', () => {
  it('tells who comes when no file handle is left to come back, and fails nothing', async () => {
    const disk = await newDisk()
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
    const disk = new SlowNow(await newDisk(), () => {
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
})

async function tmpfs(test: TestContext, size: string): Promise<({ disk: FileDisk } & AsyncDisposable) | undefined> {
  const directory = await testDirectory()
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', directory.path], { stdio: 'ignore' })
  } catch {
    test.skip('needs the right to mount')
    await directory[Symbol.asyncDispose]()
    return undefined
  }
  await makeTestDisk(directory.disk)
  return {
    disk: directory.disk,
    async [Symbol.asyncDispose]() {
      execFileSync('umount', [directory.path])
      await directory[Symbol.asyncDispose]()
    },
  }
}

/** Passes everything on, and changes files as they are opened. */
abstract class ChangedDisk implements Disk {
  readonly #inner: Disk

  constructor(inner: Disk) {
    this.#inner = inner
  }

  abstract changed(file: DiskFile, options: OpenOptions): DiskFile

  async open(name: string, options: OpenOptions): Promise<DiskFile> {
    return this.changed(await this.#inner.open(name, options), options)
  }

  list(directory: string): Promise<string[]> {
    return this.#inner.list(directory)
  }

  makeDirectory(name: string): Promise<void> {
    return this.#inner.makeDirectory(name)
  }

  rename(from: string, to: string): Promise<void> {
    return this.#inner.rename(from, to)
  }

  remove(name: string): Promise<void> {
    return this.#inner.remove(name)
  }

  exists(name: string): Promise<boolean> {
    return this.#inner.exists(name)
  }

  syncDirectory(name: string): Promise<void> {
    return this.#inner.syncDirectory(name)
  }

  space(): Promise<{ capacityBytes: number; freeBytes: number }> {
    return this.#inner.space()
  }
}

/** Cannot read some bytes of any long file. */
class BadSectors extends ChangedDisk {
  readonly #bad: { readonly from: number; readonly to: number }

  constructor(inner: Disk, bad: { from: number; to: number }) {
    super(inner)
    this.#bad = bad
  }

  override changed(file: DiskFile): DiskFile {
    return {
      ...file,
      read: async (into, position) => {
        const { from, to } = this.#bad
        if (position < to && position + into.length > from)
          throw Object.assign(new Error('bad sector'), { code: 'EIO' })
        return await file.read(into, position)
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

class NoHandles extends ChangedDisk {
  none = false

  override changed(file: DiskFile, _options: OpenOptions): DiskFile {
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
