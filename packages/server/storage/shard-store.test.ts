import { systemClock } from '../seams/clock.ts'
import { CountedStore } from './counted-store.ts'
import { FaultyStore } from './faulty-store.ts'
import { MemoryStore } from './memory-store.ts'
import { DISK, fileOptions, makeTestDisk, NODE, testDirectory } from './segment-store.test-support.ts'
import { SegmentStore } from './segment-store.ts'
import type { ShardStore } from './shard-store.ts'
import { LINEAGE, shardStoreContract } from './shard-store-contract.ts'
import { ThrottledStore } from './throttled-store.ts'

const CAPACITY_BYTES = 1024 * 1024 * 1024

async function openMemory(): Promise<ShardStore> {
  return new MemoryStore({ node: NODE, disk: DISK, lineage: LINEAGE, capacityBytes: CAPACITY_BYTES })
}

/** A segment store on a new directory that goes with it. */
async function openSegments(): Promise<ShardStore> {
  const directory = await testDirectory()
  await makeTestDisk(directory.disk)
  const store = await SegmentStore.open(await fileOptions(directory.disk))
  const dispose = store[Symbol.asyncDispose].bind(store)
  return Object.assign(store, {
    async [Symbol.asyncDispose]() {
      await dispose()
      await directory[Symbol.asyncDispose]()
    },
  })
}

shardStoreContract('segments on a file system', openSegments)
shardStoreContract('memory', openMemory)
shardStoreContract('counted', async () => new CountedStore(await openMemory()))
shardStoreContract('faulty, without faults', async () => new FaultyStore(await openMemory()))
shardStoreContract(
  'throttled',
  async () => new ThrottledStore(await openMemory(), systemClock, { bytesPerSecond: CAPACITY_BYTES }),
)
