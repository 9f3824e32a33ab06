import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { SimulatedDisk } from '../../../tests/simulation/simulated-disk.ts'
import { type Clock, systemClock } from '../seams/clock.ts'
import type { Disk, DiskFile, OpenOptions } from '../seams/disk.ts'
import { ChangedDisk } from './changed-disk.test-support.ts'
import type { HoldOptions } from './held-disk.ts'
import { MemoryIndex } from './memory-index.ts'
import { RECORD_ALIGN, recordLengthOf } from './record.ts'
import { makeTestDisk, memoryIndexOptions, seededRandom } from './segment-store.test-support.ts'
import { SegmentStore } from './segment-store.ts'
import { shardKey } from './shard-key.ts'
import { orderOf, putOf, refuses, sameBytes, shardIdOf } from './shard-store-contract.ts'

const random = seededRandom(9)
const PAYLOADS = Array.from({ length: 40 }, () => random.bytes(10_000))
const FAST = { bytesPerSecond: 1e9 }
/** The identity record, thirteen shards, and the index record. */
const SEGMENT_BYTES = RECORD_ALIGN + 13 * recordLengthOf(10_000) + RECORD_ALIGN

/** The n-th operation of the disk is its last one. */
class Fuse {
  left = Number.POSITIVE_INFINITY
  readonly #blown = Promise.withResolvers<'blown'>()

  get blown(): Promise<'blown'> {
    return this.#blown.promise
  }

  async pause(disk: () => SimulatedDisk): Promise<void> {
    this.left--
    if (this.left !== 0) return
    disk().crash()
    this.#blown.resolve('blown')
  }
}

/** Says of one write that it is durable, and has lost it or put it elsewhere. */
class Untrue extends ChangedDisk {
  /** So many writes are honest still. */
  honest = Number.POSITIVE_INFINITY
  told = 0
  readonly #movedBytes: number | undefined

  constructor(inner: Disk, movedBytes?: number) {
    super(inner)
    this.#movedBytes = movedBytes
  }

  override changed(file: DiskFile, { durable = false }: OpenOptions): DiskFile {
    return {
      ...file,
      write: async (pieces, position) => {
        if (!durable || this.honest-- !== 0) return await file.write(pieces, position)
        this.told++
        if (this.#movedBytes !== undefined) await file.write(pieces, position + this.#movedBytes)
      },
    }
  }
}

function options(disk: Disk, clock: Clock = systemClock, index = new MemoryIndex()): HoldOptions {
  return { ...memoryIndexOptions(disk), clock, segmentBytesMax: SEGMENT_BYTES, openIndex: async () => index }
}

interface World {
  readonly disk: SimulatedDisk
  readonly fuse: Fuse
  readonly store: SegmentStore
}

/** Forty shards in four segments; of the first two, most are purged, some are in the trash and some are wanted. */
async function world(seed = 1, through: (disk: Disk) => Disk = (disk) => disk): Promise<World> {
  const fuse = new Fuse()
  const disk: SimulatedDisk = new SimulatedDisk({ random: seededRandom(seed), pause: () => fuse.pause(() => disk) })
  await makeTestDisk(disk)
  const store = await SegmentStore.open(options(through(disk)))
  for (const [number, payload] of PAYLOADS.entries()) await store.put(putOf(shardIdOf(number), payload))
  await store.delete(
    PURGED.concat(TRASHED).map((number) => shardIdOf(number)),
    orderOf(5),
  )
  await store.purge(
    PURGED.map((number) => shardIdOf(number)),
    orderOf(6),
  )
  return { disk, fuse, store }
}

const PURGED = Array.from({ length: 26 }, (_, number) => number).filter((number) => number % 5 > 0)
const TRASHED = [5, 20, 38]
const FIRST = 'segments/0000000000000001.seg'
const SECOND = 'segments/0000000000000002.seg'
const FOURTH = 'segments/0000000000000004.seg'

async function verify(store: SegmentStore): Promise<void> {
  for (const [number, payload] of PAYLOADS.entries()) {
    if (PURGED.includes(number)) await refuses('shard_not_found', () => store.get(shardIdOf(number)))
    else sameBytes(await store.get(shardIdOf(number)), payload)
  }
  const trashed = (await store.list({ limit: 100 })).filter((entry) => entry.trashed).map((entry) => entry.id)
  assert.deepEqual(
    trashed,
    TRASHED.map((number) => shardIdOf(number)),
  )
}

function payloadOf(number: number): Uint8Array {
  return PAYLOADS[number] ?? new Uint8Array(0)
}

function flip(disk: SimulatedDisk, name: string, at: number): void {
  const live = disk.contents(name)
  live[at] = (live[at] ?? 0) ^ 1
}

/**
 * The first two segments hold what is hidden, and stay for now because something wanted in them is damaged. The fourth holds the
 * tombstones; it is filled up and dies.
 */
async function endFourth(disk: SimulatedDisk, store: SegmentStore): Promise<void> {
  flip(disk, FIRST, RECORD_ALIGN + 5000)
  flip(disk, SECOND, RECORD_ALIGN + 2 * recordLengthOf(10_000) + 5000)
  const filling = Array.from({ length: 14 }, (_, number) => shardIdOf(100 + number))
  for (const id of filling) await store.put(putOf(id, payloadOf(0)))
  await store.purge(filling, orderOf(7))
}

describe('compaction', () => {
  it('gives back the space of what was purged and keeps everything else', async () => {
    const { disk, store } = await world()
    const { capacityBytes, freeBytes } = await disk.space()
    const used = capacityBytes - freeBytes
    const compacted = await store.compact(FAST)
    assert.equal(compacted.removedSegments, 2)
    assert.equal(compacted.leftSegments, 0)
    const after = await disk.space()
    assert.equal(compacted.freedBytes > 200_000 && used - (capacityBytes - after.freeBytes) > 150_000, true)
    assert.deepEqual([await disk.exists(FIRST), await disk.exists(SECOND)], [false, false])
    await verify(store)
    await store[Symbol.asyncDispose]()
    const again = await SegmentStore.open(options(disk))
    await verify(again)
    assert.equal((await again.compact(FAST)).removedSegments, 0)
  })

  it('loses nothing and brings nothing back when the power goes at any of its steps', async () => {
    let steps = 0
    for (let step = 1; ; step++) {
      const { disk, fuse, store } = await world(step)
      fuse.left = step
      const compacting = store.compact(FAST).then(() => 'done' as const)
      if ((await Promise.race([fuse.blown, compacting])) === 'done') break
      steps++
      const again = await SegmentStore.open(options(disk))
      await verify(again)
      await again.compact(FAST)
      await verify(again)
      await again[Symbol.asyncDispose]()
      disk.crash()
      await verify(await SegmentStore.open(options(disk)))
    }
    assert.ok(steps > 20, `${steps} steps`)
  })

  for (const [what, movedBytes] of [
    ['loses', undefined],
    ['puts elsewhere', 4 * RECORD_ALIGN],
  ] as const) {
    it(`keeps a segment whose copies are not there, on a disk that ${what} one of its writes`, async () => {
      let kept = 0
      for (let honest = 0; ; honest++) {
        const untrue: Untrue[] = []
        const { disk, store } = await world(1, (inner) => {
          const made = new Untrue(inner, movedBytes)
          untrue.push(made)
          return made
        })
        const [lying] = untrue
        assert.ok(lying !== undefined)
        lying.honest = honest
        kept += (await store.compact(FAST)).leftSegments
        if (lying.told === 0) break
        await verify(store)
        await verify(await SegmentStore.open(options(disk)))
      }
      assert.ok(kept > 0, 'some of the writes were copies')
    })
  }

  it('keeps a segment whose tombstones were lost when they were copied', async () => {
    const { disk, store } = await world()
    await endFourth(disk, store)
    await store[Symbol.asyncDispose]()
    const lying = new Untrue(disk)
    const again = await SegmentStore.open(options(lying))
    // Shards are copied first. What is copied last is written last, and the tombstones are.
    lying.honest = 1
    const { removedSegments } = await again.compact(FAST)
    assert.deepEqual([lying.told, removedSegments, await disk.exists(FOURTH)], [1, 0, true])
    const healed = await SegmentStore.open(options(disk))
    for (const number of PURGED) await refuses('shard_not_found', () => healed.get(shardIdOf(number)))
  })

  it('carries a tombstone while a record that it hides is anywhere, and then lets it go', async () => {
    const { disk, store } = await world()
    await endFourth(disk, store)
    assert.deepEqual(
      await store.compact(FAST).then(({ removedSegments, leftSegments }) => [removedSegments, leftSegments]),
      [1, 2],
    )
    assert.equal(await disk.exists(FOURTH), false)
    await store[Symbol.asyncDispose]()

    const index = new MemoryIndex()
    const again = await SegmentStore.open(options(disk, systemClock, index))
    for (const number of PURGED) await refuses('shard_not_found', () => again.get(shardIdOf(number)))
    await again.put(putOf(shardIdOf(0), payloadOf(0), 8))
    await again.put(putOf(shardIdOf(15), payloadOf(15), 8))
    assert.equal((await again.compact(FAST)).removedSegments, 2)
    // Nothing is left to hide; the tombstones go with the segment that they stand in.
    const more = Array.from({ length: 30 }, (_, number) => shardIdOf(200 + number))
    for (const id of more) await again.put(putOf(id, payloadOf(0)))
    await again.purge([...more, ...PAYLOADS.keys().map((number) => shardIdOf(number))], orderOf(9))
    await again.compact(FAST)
    for (const number of PURGED) assert.deepEqual(index.facts(shardKey(shardIdOf(number))), [])
  })

  it('would bring back what was purged if it did not carry the tombstones', async () => {
    const { disk, store } = await world()
    await store[Symbol.asyncDispose]()
    // The control: the same disk without its last segment.
    await disk.remove(FOURTH)
    const again = await SegmentStore.open(options(disk))
    for (const number of PURGED) sameBytes(await again.get(shardIdOf(number)), payloadOf(number))
  })

  it('leaves a segment as it is when something that is wanted of it is damaged', async () => {
    const { disk, store } = await world()
    flip(disk, FIRST, RECORD_ALIGN + 5000)
    const compacted = await store.compact(FAST)
    assert.deepEqual([compacted.removedSegments, compacted.leftSegments], [1, 1])
    await refuses('shard_corrupt', () => store.get(shardIdOf(0)))
    await store.put(putOf(shardIdOf(0), payloadOf(0)))
    assert.equal((await store.compact(FAST)).removedSegments, 1)
    await verify(store)
  })

  it('copies an older record where the newer one of the same bytes is damaged', async () => {
    const { disk, store } = await world()
    await store.put(putOf(shardIdOf(0), payloadOf(0), 8))
    const at = Buffer.from(disk.contents(FOURTH)).indexOf(payloadOf(0))
    assert.ok(at > 0, 'the newer record stands in the fourth segment')
    flip(disk, FOURTH, at + 5000)
    assert.equal((await store.compact(FAST)).leftSegments, 0)
    assert.equal(await disk.exists(FIRST), false)
    sameBytes(await store.get(shardIdOf(0)), payloadOf(0))
    await store[Symbol.asyncDispose]()
    sameBytes(await (await SegmentStore.open(options(disk))).get(shardIdOf(0)), payloadOf(0))
  })

  it('leaves a segment as it is when the header of something that is wanted is damaged', async () => {
    const { disk, store } = await world()
    // Without its index record the segment is walked, and the walk misses what the index knows.
    disk.setContents(FIRST, disk.contents(FIRST).slice(0, -RECORD_ALIGN))
    flip(disk, FIRST, RECORD_ALIGN)
    assert.deepEqual((await store.compact(FAST)).leftSegments, 1)
  })

  it('keeps to its rate and ends when it is told', async () => {
    let nowMs = 0
    const clock: Clock = {
      ...systemClock,
      monotonicMs: () => nowMs,
      after(delayMs, act) {
        nowMs += delayMs
        queueMicrotask(act)
        return { cancel: () => undefined }
      },
    }
    const { disk, store } = await world()
    await store[Symbol.asyncDispose]()
    const again = await SegmentStore.open(options(disk, clock))
    nowMs = 0
    const { copiedBytes } = await again.compact({ bytesPerSecond: 10_000 })
    assert.ok(nowMs >= (copiedBytes / 10_000) * 1000 * 0.9, `${copiedBytes} bytes in ${nowMs} ms`)
    const ended = AbortSignal.abort(new Error('enough'))
    const { store: other } = await world()
    await assert.rejects(() => other.compact({ ...FAST, signal: ended }), /enough/)
    await verify(other)
  })

  it('ends when the store is closed', async () => {
    const { disk, store } = await world()
    const compacting = store.compact({ bytesPerSecond: 1 })
    const ended = refuses('shutting_down', () => compacting)
    await new Promise((resolve) => setImmediate(resolve))
    await store[Symbol.asyncDispose]()
    await ended
    await verify(await SegmentStore.open(options(disk)))
  })

  it('moves shards under readers that look for them at the same time', async () => {
    const { store } = await world()
    const compacting = store.compact(FAST)
    const reading: Promise<void>[] = []
    for (let round = 0; round < 30; round++) {
      for (const number of [0, 5, 10, 15, 20, 25]) {
        reading.push(store.get(shardIdOf(number)).then((bytes) => sameBytes(bytes, payloadOf(number))))
      }
      await Promise.resolve()
    }
    await Promise.all([compacting, ...reading])
    assert.equal((await compacting).removedSegments, 2)
  })
})
