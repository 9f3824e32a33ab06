import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { sleep, systemClock } from '../seams/clock.ts'
import { MemoryIndex } from './memory-index.ts'
import { makeTestDisk, memoryIndexOptions, testDirectory } from './segment-store.test-support.ts'
import { SegmentStore } from './segment-store.ts'

const LONG_ENOUGH_MS = 100

describe('a disk that is let go', () => {
  it('has answered before its index is closed, for that is a sync on the thread that serves all disks', async (t) => {
    await using directory = await testDirectory()
    await makeTestDisk(directory.disk)
    const { disk } = directory
    const syncDirectory = disk.syncDirectory.bind(disk)
    let hangs: Promise<void> | undefined
    t.mock.method(disk, 'syncDirectory', async (name: string) => {
      await hangs
      await syncDirectory(name)
    })
    let isClosed = false
    class Index extends MemoryIndex {
      override async [Symbol.asyncDispose](): Promise<void> {
        isClosed = true
      }
    }
    const store = await SegmentStore.open({ ...memoryIndexOptions(disk), openIndex: async () => new Index() })
    const { promise, resolve: goOn } = Promise.withResolvers<void>()
    hangs = promise
    const closed = store[Symbol.asyncDispose]()
    await sleep(systemClock, LONG_ENOUGH_MS)
    assert.equal(isClosed, false)
    goOn()
    await closed
    assert.equal(isClosed, true)
  })
})
