import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import type { FileDisk } from '../seams/file-disk.ts'
import { MemoryIndex } from './memory-index.ts'
import { makeTestDisk, memoryIndexOptions, testDirectory } from './segment-store.test-support.ts'
import { SegmentStore } from './segment-store.ts'

/** Syncs of this disk hang from the moment that it is told to, until they may go on; `asked` when the first of them does. */
function hanging(t: TestContext, disk: FileDisk): () => { asked: Promise<void>; goOn: () => void } {
  const syncDirectory = disk.syncDirectory.bind(disk)
  const sync = t.mock.method(disk, 'syncDirectory')
  return () => {
    const [asked, wait] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    sync.mock.mockImplementation(async (name: string) => {
      asked.resolve()
      await wait.promise
      await syncDirectory(name)
    })
    return { asked: asked.promise, goOn: wait.resolve }
  }
}

/** Whatever does not wait for the disk has happened: all that it needs is done already, or in memory. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await new Promise(setImmediate)
}

/** An index syncs on the thread that serves all disks. */
describe('a disk has answered', () => {
  it('before its index is opened', async (t) => {
    await using directory = await testDirectory()
    await makeTestDisk(directory.disk)
    const { asked, goOn } = hanging(t, directory.disk)()
    let isOpen = false
    const openIndex = async (): Promise<MemoryIndex> => {
      isOpen = true
      return new MemoryIndex()
    }
    const opening = SegmentStore.open({ ...memoryIndexOptions(directory.disk), openIndex })
    await asked
    await settled()
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
    const { asked, goOn } = hang()
    const closed = store[Symbol.asyncDispose]()
    await asked
    await settled()
    assert.equal(isClosed, false)
    goOn()
    await closed
    assert.equal(isClosed, true)
  })
})
