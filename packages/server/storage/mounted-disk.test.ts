import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { sleep, systemClock } from '../seams/clock.ts'
import type { FileDisk } from '../seams/file-disk.ts'
import { MemoryIndex } from './memory-index.ts'
import { makeTestDisk, memoryIndexOptions, testDirectory } from './segment-store.test-support.ts'
import { SegmentStore } from './segment-store.ts'

const LONG_ENOUGH_MS = 100

/** Syncs of this disk hang from the moment that it is told to, until it may go on. */
function hanging(t: TestContext, disk: FileDisk): () => () => void {
  const syncDirectory = disk.syncDirectory.bind(disk)
  let hangs: Promise<void> | undefined
  t.mock.method(disk, 'syncDirectory', async (name: string) => {
    await hangs
    await syncDirectory(name)
  })
  return () => {
    const { promise, resolve } = Promise.withResolvers<void>()
    hangs = promise
    return resolve
  }
}

/** An index syncs on the thread that serves all disks. */
describe('a disk has answered', () => {
  it('before its index is opened', async (t) => {
    await using directory = await testDirectory()
    await makeTestDisk(directory.disk)
    const goOn = hanging(t, directory.disk)()
    let isOpen = false
    const openIndex = async (): Promise<MemoryIndex> => {
      isOpen = true
      return new MemoryIndex()
    }
    const opening = SegmentStore.open({ ...memoryIndexOptions(directory.disk), openIndex })
    await sleep(systemClock, LONG_ENOUGH_MS)
    assert.equal(isOpen, false)
    goOn()
    await using _store = await opening
    assert.equal(isOpen, true)
  })

  it('before its index is closed', async (t) => {
    await using directory = await testDirectory()
    await makeTestDisk(directory.disk)
    const hang = hanging(t, directory.disk)
    let isClosed = false
    class Index extends MemoryIndex {
      override async [Symbol.asyncDispose](): Promise<void> {
        isClosed = true
      }
    }
    const openIndex = async (): Promise<Index> => new Index()
    const store = await SegmentStore.open({ ...memoryIndexOptions(directory.disk), openIndex })
    const goOn = hang()
    const closed = store[Symbol.asyncDispose]()
    await sleep(systemClock, LONG_ENOUGH_MS)
    assert.equal(isClosed, false)
    goOn()
    await closed
    assert.equal(isClosed, true)
  })
})
