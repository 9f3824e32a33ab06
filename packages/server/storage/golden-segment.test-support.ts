/** Writes the segment of `fixtures/formats/segment-1.seg` again: everything in it is fixed. */
import { IdMaker } from '@holdfast/core/wire/ids.ts'
import { SimulatedDisk } from '../../../tests/simulation/simulated-disk.ts'
import { systemClock } from '../seams/clock.ts'
import { makeTestDisk, memoryIndexOptions, seededRandom } from './segment-store.test-support.ts'
import { SegmentStore } from './segment-store.ts'
import { orderOf, putOf, shardIdOf } from './shard-store-contract.ts'

export const GOLDEN_SEGMENT = 'segments/0000000000000001.seg'

/** Three shards, of which the second is in the trash and the third is purged. */
export const GOLDEN_PAYLOADS = [
  Buffer.from('a shard of one block'),
  Buffer.alloc(1000, 'trash '),
  Buffer.alloc(500, 'purged '),
]

export async function writeGoldenDisk(): Promise<SimulatedDisk> {
  const disk = new SimulatedDisk({ random: seededRandom(1) })
  await makeTestDisk(disk)
  const now = (): number => 1_800_000_000_000
  const random = seededRandom(2)
  const ids = new IdMaker(now, (length) => random.bytes(length))
  const options = { ...memoryIndexOptions(disk), ids, clock: { ...systemClock, now } }
  const store = await SegmentStore.open(options)
  for (const [number, payload] of GOLDEN_PAYLOADS.entries())
    await store.put(putOf(shardIdOf(number), payload, number + 1))
  await store.delete([shardIdOf(1)], orderOf(10))
  await store.purge([shardIdOf(2)], orderOf(11))
  await store[Symbol.asyncDispose]()
  // Another sealed header closes the segment.
  const next = await SegmentStore.open({ ...options, sealedHeader: Buffer.from('a newer master key') })
  await next[Symbol.asyncDispose]()
  return disk
}
