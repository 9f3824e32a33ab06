/**
 * Damage to a disk's files: bytes cut off, flipped, swapped, copied and planted. The right bytes or a clear error, never
 * wrong ones, and whatever stands beside the damage is untouched.
 */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { crc32 } from 'node:zlib'
import { hasCode } from '@holdfast/core/wire/errors.ts'
import { asId } from '@holdfast/core/wire/ids.ts'
import { SimulatedDisk } from '../../../tests/simulation/simulated-disk.ts'
import { HEADER_BYTES, KIND_SHARD, payloadOffsetOf, RECORD_ALIGN, recordLengthOf, writeHeader } from './record.ts'
import { recordBufferOf, sha256Of } from './record-buffer.ts'
import { CLUSTER, makeTestDisk, memoryIndexOptions, OWNER, seededRandom } from './segment-store.test-support.ts'
import { SegmentStore } from './segment-store.ts'
import { LINEAGE, orderOf, putOf, refuses, sameBytes, shardIdOf } from './shard-store-contract.ts'

const SEGMENT = 'segments/0000000000000001.seg'
const LENGTHS = [100, 5000, 70_000, 4000]
const random = seededRandom(5)
const PAYLOADS = LENGTHS.map((length) => random.bytes(length))

/** The first record is the identity of the segment; the shards stand behind it. */
function offsetOf(number: number): number {
  return RECORD_ALIGN + LENGTHS.slice(0, number).reduce((sum, length) => sum + recordLengthOf(length), 0)
}

const END = offsetOf(LENGTHS.length)

/** The bytes of a segment that holds the four shards and is still open. */
async function segmentBytes(): Promise<Uint8Array> {
  const disk = new SimulatedDisk({ random: seededRandom(1) })
  await makeTestDisk(disk)
  const store = await SegmentStore.open(memoryIndexOptions(disk))
  for (const [number, payload] of PAYLOADS.entries()) await store.put(putOf(shardIdOf(number), payload))
  await store[Symbol.asyncDispose]()
  return disk.contents(SEGMENT).slice()
}

const whole = await segmentBytes()

async function openWith(bytes: Uint8Array): Promise<{ disk: SimulatedDisk; store: SegmentStore }> {
  const disk = new SimulatedDisk({ random: seededRandom(1) })
  await makeTestDisk(disk)
  await disk.makeDirectory('segments')
  disk.setContents(SEGMENT, bytes)
  return { disk, store: await SegmentStore.open(memoryIndexOptions(disk)) }
}

/** The numbers of the shards that are there; each must have its own bytes. */
async function found(store: SegmentStore): Promise<number[]> {
  const numbers: number[] = []
  for (const [number, payload] of PAYLOADS.entries()) {
    try {
      sameBytes(await store.get(shardIdOf(number)), payload)
      sameBytes(await store.get(shardIdOf(number), { offset: 50, length: 50 }), payload.subarray(50, 100))
      numbers.push(number)
    } catch (error) {
      assert.ok(hasCode(error, 'shard_not_found', 'shard_corrupt'), String(error))
    }
  }
  return numbers
}

const ALL = [0, 1, 2, 3]
const without = (number: number): number[] => ALL.filter((each) => each !== number)

describe('a damaged segment', () => {
  it('is whole when nothing was done to it', async () => {
    assert.equal(whole.length, END)
    const { store } = await openWith(whole)
    assert.deepEqual(await found(store), ALL)
    assert.equal(store.damagedPlaces, 0)
  })

  it('keeps all records before the place where it was cut, and takes new ones', async () => {
    for (let length = 0; length <= END; length += 512) {
      const { store } = await openWith(whole.slice(0, length))
      const there = ALL.filter(
        (number) => offsetOf(number) + payloadOffsetOf(LENGTHS[number] ?? 0) + (LENGTHS[number] ?? 0) <= length,
      )
      assert.deepEqual(await found(store), there, `${length} bytes`)
      await store.put(putOf(shardIdOf(9), PAYLOADS[1] ?? new Uint8Array(0)))
      assert.deepEqual(await found(store), there)
      sameBytes(await store.get(shardIdOf(9)), PAYLOADS[1] ?? new Uint8Array(0))
    }
  })

  it('gives a refused record when any byte of its header is flipped, and all others', async () => {
    for (const number of [0, 2]) {
      for (let at = 0; at < HEADER_BYTES; at++) {
        const bytes = whole.slice()
        bytes[offsetOf(number) + at] = (bytes[offsetOf(number) + at] ?? 0) ^ 0x20
        const { store } = await openWith(bytes)
        assert.deepEqual(await found(store), without(number), `byte ${at}`)
        assert.equal(store.damagedPlaces > 0, true)
      }
    }
  })

  it('never answers wrong bytes, wherever a bit is flipped, before or after it was opened', async () => {
    for (let round = 0; round < 400; round++) {
      const at = RECORD_ALIGN + Math.floor(random.float() * (END - RECORD_ALIGN))
      const hit = ALL.findLast((number) => offsetOf(number) <= at) ?? 0
      const flip = 1 << Math.floor(random.float() * 8)
      const bytes = whole.slice()
      bytes[at] = (bytes[at] ?? 0) ^ flip
      const before = await openWith(bytes)
      const after = await openWith(whole)
      const live = after.disk.contents(SEGMENT)
      live[at] = (live[at] ?? 0) ^ flip
      for (const { store } of [before, after]) {
        const there = await found(store)
        assert.deepEqual(
          there.filter((number) => number !== hit),
          without(hit),
          `byte ${at}`,
        )
        const some = await store.get(shardIdOf(hit), { offset: 0, length: 100 }).catch(() => undefined)
        if (some !== undefined) sameBytes(some, PAYLOADS[hit]?.subarray(0, 100) ?? new Uint8Array(0))
      }
    }
  })

  it('says that a shard is damaged when its bytes change under a running store', async () => {
    const { disk, store } = await openWith(whole)
    const live = disk.contents(SEGMENT)
    const at = offsetOf(2) + payloadOffsetOf(70_000) + 66_000
    live[at] = (live[at] ?? 0) ^ 1
    await refuses('shard_corrupt', () => store.get(shardIdOf(2)))
    await refuses('shard_corrupt', () => store.get(shardIdOf(2), { offset: 65_990, length: 100 }))
    sameBytes(
      await store.get(shardIdOf(2), { offset: 0, length: 65_536 }),
      PAYLOADS[2]?.subarray(0, 65_536) ?? new Uint8Array(0),
    )
  })

  it('is repaired by putting the same bytes again, which are written and not believed to be there', async () => {
    const { disk, store } = await openWith(whole)
    const live = disk.contents(SEGMENT)
    live[offsetOf(2) + 3000] = (live[offsetOf(2) + 3000] ?? 0) ^ 1
    await refuses('shard_corrupt', () => store.get(shardIdOf(2)))
    await store.put(putOf(shardIdOf(2), PAYLOADS[2] ?? new Uint8Array(0)))
    assert.deepEqual(await found(store), ALL)
    await store[Symbol.asyncDispose]()
    assert.deepEqual(await found(await SegmentStore.open(memoryIndexOptions(disk))), ALL)
  })

  it('does not mix two shards whose records were swapped', async () => {
    const { disk, store } = await openWith(whole)
    const live = disk.contents(SEGMENT)
    const first = live.slice(offsetOf(0), offsetOf(0) + RECORD_ALIGN)
    live.copyWithin(offsetOf(0), offsetOf(3), offsetOf(3) + RECORD_ALIGN)
    live.set(first, offsetOf(3))
    for (const number of [0, 3]) {
      await refuses('shard_corrupt', () => store.get(shardIdOf(number)))
      await refuses('shard_corrupt', () => store.get(shardIdOf(number), { offset: 0, length: 10 }))
    }
    await store[Symbol.asyncDispose]()
    assert.deepEqual(await found(await SegmentStore.open(memoryIndexOptions(disk))), [1, 2])
  })

  it('takes no record that was copied from elsewhere on the disk, from another disk or another cluster', async () => {
    const payload = PAYLOADS[0] ?? new Uint8Array(0)
    const put = putOf(shardIdOf(50), payload)
    const foreign = asId('f'.repeat(32))
    const places = [
      { owner: OWNER, place: { segment: 1, offset: 0 } },
      { owner: OWNER, place: { segment: 2, offset: END } },
      { owner: { ...OWNER, disk: foreign }, place: { segment: 1, offset: END } },
      { owner: { cluster: foreign, disk: OWNER.disk }, place: { segment: 1, offset: END } },
      { owner: OWNER, place: { segment: 1, offset: END } },
    ]
    const taken: boolean[] = []
    for (const { owner, place } of places) {
      const { bytes, payloadLength } = recordBufferOf(payload)
      const header = {
        kind: KIND_SHARD,
        lineage: LINEAGE,
        sequence: 1,
        writtenAtMs: 1,
        subject: put.id.stripe,
      } as const
      writeHeader(bytes, { ...header, payloadLength, sha256: put.sha256 }, owner, place)
      const { store } = await openWith(Buffer.concat([whole, bytes]))
      assert.deepEqual(await found(store), ALL)
      taken.push((await store.list({ limit: 10 })).length > ALL.length)
    }
    // The last one is right in everything: only the hash that the catalog committed can tell it apart.
    assert.deepEqual(taken, [false, false, false, false, true])
  })

  it('takes no record of an older life of the file', async () => {
    const older = (await segmentBytesOf(7)).subarray(0, END)
    const { store } = await openWith(Buffer.concat([whole, older]))
    assert.deepEqual(await found(store), ALL)
    assert.equal((await store.list({ limit: 100 })).length, ALL.length)
  })

  it('is refused when a newer program wrote to it', async () => {
    const { bytes, payloadLength } = recordBufferOf(PAYLOADS[0] ?? new Uint8Array(0))
    const header = { kind: KIND_SHARD, writtenAtMs: 1, payloadLength, sha256: sha256Of(new Uint8Array(0)) } as const
    const record = Buffer.from(bytes.buffer)
    writeHeader(record, header, OWNER, { segment: 1, offset: END })
    record.writeUInt16BE(2, 8)
    record.writeUInt32BE(crc32(record.subarray(0, 252)), 252)
    await refuses('format_unknown', () => openWith(Buffer.concat([whole, record])))
  })

  it('does not forget a delete whose record stands behind damage', async () => {
    const disk = new SimulatedDisk({ random: seededRandom(1) })
    await makeTestDisk(disk)
    const store = await SegmentStore.open(memoryIndexOptions(disk))
    for (const [number, payload] of PAYLOADS.entries()) await store.put(putOf(shardIdOf(number), payload))
    await store.purge([shardIdOf(0)], orderOf(9))
    await store[Symbol.asyncDispose]()
    disk.contents(SEGMENT).fill(0xaa, offsetOf(2), offsetOf(2) + 300)
    assert.deepEqual(await found(await SegmentStore.open(memoryIndexOptions(disk))), [1, 3])
  })
})

describe('segment files', () => {
  it('that are empty, of another name, or gone while the store runs, do no harm to others', async () => {
    const { disk, store } = await openWith(whole)
    await store[Symbol.asyncDispose]()
    disk.setContents('segments/0000000000000002.seg', new Uint8Array(0))
    disk.setContents('segments/notes.txt', Buffer.from('hello'))
    disk.setContents('segments/0000000000000003.seg', Buffer.alloc(100, 1))
    const again = await SegmentStore.open(memoryIndexOptions(disk))
    assert.deepEqual(await found(again), ALL)
    await again.put(putOf(shardIdOf(9), PAYLOADS[3] ?? new Uint8Array(0)))
    await again[Symbol.asyncDispose]()
    const third = await SegmentStore.open(memoryIndexOptions(disk))
    await disk.remove(SEGMENT)
    sameBytes(await third.get(shardIdOf(9)), PAYLOADS[3] ?? new Uint8Array(0))
    for (const number of ALL) await refuses('shard_corrupt', () => third.get(shardIdOf(number)))
    await third.put(putOf(shardIdOf(0), PAYLOADS[0] ?? new Uint8Array(0)))
    sameBytes(await third.get(shardIdOf(0)), PAYLOADS[0] ?? new Uint8Array(0))
    assert.equal((await third.report()).state, 'online')
  })

  it('that became shorter than the index believes are damaged, not a crash', async () => {
    const { disk, store } = await openWith(whole)
    disk.setContents(SEGMENT, whole.slice(0, offsetOf(2) + 5000))
    // The handle that is open still sees the old file; a new start does not.
    await store[Symbol.asyncDispose]()
    assert.deepEqual(await found(await SegmentStore.open(memoryIndexOptions(disk))), [0, 1])
  })

  it('are never given a number twice', async () => {
    const { disk, store } = await openWith(whole)
    await store[Symbol.asyncDispose]()
    disk.setContents('segments/00000000000000ff.seg', new Uint8Array(0))
    const again = await SegmentStore.open({
      ...memoryIndexOptions(disk),
      sealedHeader: Buffer.from('a new master key'),
    })
    await again.put(putOf(shardIdOf(9), PAYLOADS[3] ?? new Uint8Array(0)))
    assert.ok(await disk.exists('segments/0000000000000100.seg'))
    assert.equal((await again.report()).node.length, CLUSTER.length)
  })
})

/** The segment as another life of the same disk wrote it: other shards, the same number. */
async function segmentBytesOf(first: number): Promise<Uint8Array> {
  const disk = new SimulatedDisk({ random: seededRandom(1) })
  await makeTestDisk(disk)
  const store = await SegmentStore.open(memoryIndexOptions(disk))
  for (const [number, payload] of PAYLOADS.entries()) await store.put(putOf(shardIdOf(first + number), payload))
  await store[Symbol.asyncDispose]()
  return disk.contents(SEGMENT).slice()
}
