/** Starting on a disk that was used before: what the index knows, what is read again, and what is rebuilt. */
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cp, rm } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { SimulatedDisk } from '../../../tests/simulation/simulated-disk.ts'
import type { Fact } from './facts.ts'
import type { HoldOptions } from './held-disk.ts'
import { MemoryIndex } from './memory-index.ts'
import {
  fileOptions,
  makeTestDisk,
  memoryIndexOptions,
  seededRandom,
  testDirectory,
} from './segment-store.test-support.ts'
import { SegmentStore } from './segment-store.ts'
import { IndexFailedError, type SegmentInfo } from './shard-index.ts'
import { orderOf, putOf, refuses, sameBytes, shardIdOf } from './shard-store-contract.ts'

const PAYLOAD = seededRandom(2).bytes(9000)
const SMALL = { segmentBytesMax: 100_000 }

async function newDisk(): Promise<SimulatedDisk> {
  const disk = new SimulatedDisk({ random: seededRandom(1) })
  await makeTestDisk(disk)
  return disk
}

/** What a start finds when it has no index: all facts and all segments. */
async function rebuilt(disk: SimulatedDisk): Promise<{ facts: readonly Fact[]; segments: SegmentInfo[] }> {
  const index = new MemoryIndex()
  const store = await SegmentStore.open({ ...memoryIndexOptions(disk), ...SMALL, openIndex: async () => index })
  const found = { facts: index.factsAfter(undefined, 100_000), segments: index.segments() }
  await store[Symbol.asyncDispose]()
  return found
}

async function filledDisk(): Promise<SimulatedDisk> {
  const disk = await newDisk()
  const store = await SegmentStore.open({ ...memoryIndexOptions(disk), ...SMALL })
  for (let number = 0; number < 40; number++) await store.put(putOf(shardIdOf(number), PAYLOAD))
  await store.delete([shardIdOf(3), shardIdOf(30)], orderOf(5))
  await store.purge([shardIdOf(3), shardIdOf(12)], orderOf(6))
  for (let number = 40; number < 50; number++) await store.put(putOf(shardIdOf(number), PAYLOAD))
  await store[Symbol.asyncDispose]()
  return disk
}

describe('a start', () => {
  it('is counted before anything else, each time', async () => {
    const disk = await newDisk()
    for (const starts of [1, 2, 3]) {
      const store = await SegmentStore.open(memoryIndexOptions(disk))
      assert.equal((await store.report()).starts, starts)
      await store[Symbol.asyncDispose]()
    }
  })

  it('goes on in the open segment, and opens another for another sealed header', async () => {
    const disk = await newDisk()
    for (let number = 0; number < 5; number++) {
      const store = await SegmentStore.open(memoryIndexOptions(disk))
      await store.put(putOf(shardIdOf(number), PAYLOAD))
      await store[Symbol.asyncDispose]()
    }
    assert.equal((await disk.list('segments')).length, 1)
    const store = await SegmentStore.open({ ...memoryIndexOptions(disk), sealedHeader: Buffer.from('another') })
    await store.put(putOf(shardIdOf(9), PAYLOAD))
    assert.equal((await disk.list('segments')).length, 2)
    const ends = (await store.report()).segmentEnds
    assert.deepEqual(
      ends.map((end) => end.segment),
      [1, 2],
    )
    for (const number of [0, 1, 2, 3, 4, 9]) sameBytes(await store.get(shardIdOf(number)), PAYLOAD)
  })

  it('finds the same from index records as from walking the segments', async () => {
    const disk = await filledDisk()
    const fromRecords = await rebuilt(disk)
    const closed = fromRecords.segments.filter((info) => info.closed)
    assert.ok(closed.length >= 3 && fromRecords.facts.length === 54, `${fromRecords.facts.length} facts`)
    for (const name of await disk.list('segments')) {
      const path = `segments/${name}`
      const bytes = disk.contents(path).slice()
      // The footer's magic: the segment counts as open, and is walked.
      bytes[bytes.length - 32] = 0
      disk.setContents(path, bytes)
    }
    const fromWalking = await rebuilt(disk)
    assert.deepEqual(fromWalking.facts, fromRecords.facts)
    assert.deepEqual(
      fromWalking.segments.map((info) => info.liveBytes),
      fromRecords.segments.map((info) => info.liveBytes),
    )
  })

  it('reads of a closed segment only its index record', async () => {
    const disk = await filledDisk()
    const name = `segments/${(await disk.list('segments'))[0]}`
    const damaged = disk.contents(name).slice()
    damaged.fill(0xee, 4096, 4096 + 3 * 12_288)
    disk.setContents(name, damaged)
    assert.equal((await rebuilt(disk)).facts.length, 54)
    const store = await SegmentStore.open({ ...memoryIndexOptions(disk), ...SMALL })
    for (const number of [0, 1, 2]) await refuses('shard_corrupt', () => store.get(shardIdOf(number)))
    sameBytes(await store.get(shardIdOf(4)), PAYLOAD)
  })

  it('finds with an index that lags what one without an index finds', async () => {
    await using directory = await testDirectory()
    await makeTestDisk(directory.disk)
    const options: HoldOptions = { ...(await fileOptions(directory.disk)), ...SMALL }
    const store = await SegmentStore.open(options)
    for (let number = 0; number < 20; number++) await store.put(putOf(shardIdOf(number), PAYLOAD))
    await new Promise((resolve) => setTimeout(resolve, 250))
    for (let number = 20; number < 40; number++) await store.put(putOf(shardIdOf(number), PAYLOAD))
    await store.purge([shardIdOf(1), shardIdOf(25)], orderOf(6))
    // As `kill -9` leaves it, before the index was told of the last twenty.
    await using killed = await testDirectory()
    await cp(directory.path, killed.path, { recursive: true })
    await store[Symbol.asyncDispose]()
    const expected = Array.from({ length: 40 }, (_, number) => number).filter((number) => number !== 1 && number !== 25)
    for (const withIndex of [true, false]) {
      if (!withIndex) for (const end of ['', '-wal']) await rm(`${killed.path}/index.sqlite${end}`, { force: true })
      await using again = await SegmentStore.open({ ...(await fileOptions(killed.disk)), ...SMALL })
      const listed = await again.list({ limit: 100 })
      assert.deepEqual(
        listed.map((entry) => entry.id),
        expected.map((number) => shardIdOf(number)),
      )
      for (const number of expected) sameBytes(await again.get(shardIdOf(number)), PAYLOAD)
    }
  })

  it('is refused to a second process on the same disk', async () => {
    await using directory = await testDirectory()
    await makeTestDisk(directory.disk)
    await using store = await SegmentStore.open(await fileOptions(directory.disk))
    await refuses('conflict', async () => SegmentStore.open(await fileOptions(directory.disk)))
    await store.put(putOf(shardIdOf(1), PAYLOAD))
    assert.equal((await store.report()).starts, 1)
  })

  it('opens the disk anew without its index when the index fails while it runs', async () => {
    const disk = await newDisk()
    const broken = new BrokenIndex()
    const indexes = [broken, new MemoryIndex()]
    const openIndex = async () => indexes.shift() ?? new MemoryIndex()
    const store = await SegmentStore.open({ ...memoryIndexOptions(disk), openIndex })
    await store.put(putOf(shardIdOf(1), PAYLOAD))
    broken.fails = true
    await refuses('node_unavailable', () => store.get(shardIdOf(2)))
    await store.checkIdentity()
    sameBytes(await store.get(shardIdOf(1)), PAYLOAD)
    assert.equal((await store.report()).starts, 2)
  })
})

describe('a process that is killed', () => {
  it('leaves every shard that it acknowledged, and no other bytes', async () => {
    await using directory = await testDirectory()
    await makeTestDisk(directory.disk)
    let acknowledged = 0
    for (let round = 0; round < 4; round++) {
      const child = spawn(process.execPath, [WRITER, directory.path, String(round * 100_000)], {
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      const numbers = await killedAfter(child, 150 + round * 130)
      await using store = await SegmentStore.open(await fileOptions(directory.disk))
      for (const number of numbers) sameBytes(await store.get(shardIdOf(number)), payloadOfWriter(number))
      acknowledged += numbers.length
      for (const { id } of await store.list({ limit: 10_000 })) {
        const number = Number.parseInt(id.stripe.slice(-8), 16)
        sameBytes(await store.get(id), payloadOfWriter(number))
      }
    }
    assert.ok(acknowledged > 500, `${acknowledged} were acknowledged`)
  })
})

const WRITER = fileURLToPath(new URL('./segment-store-writer.test-support.ts', import.meta.url))

function payloadOfWriter(number: number): Uint8Array {
  return new Uint8Array(100 + (number % 3000)).fill(number)
}

/** The numbers of the shards that the child was acknowledged before it died. */
async function killedAfter(child: ChildProcess, acknowledgements: number): Promise<number[]> {
  assert.ok(child.stdout !== null)
  const numbers: number[] = []
  for await (const line of createInterface({ input: child.stdout })) {
    numbers.push(Number(line))
    if (numbers.length === acknowledgements) child.kill('SIGKILL')
  }
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
  return numbers
}

class BrokenIndex extends MemoryIndex {
  fails = false

  override facts(...args: Parameters<MemoryIndex['facts']>): readonly Fact[] {
    if (this.fails) throw new IndexFailedError(new Error('broken'), false)
    return super.facts(...args)
  }
}
