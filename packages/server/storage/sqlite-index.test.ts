import assert from 'node:assert/strict'
import { cp, open as openFile, writeFile } from 'node:fs/promises'
import { DatabaseSync } from 'node:sqlite'
import { describe, it } from 'node:test'
import { asId } from '@holdfast/core/wire/ids.ts'
import { type Clock, systemClock } from '../seams/clock.ts'
import { MemoryIndex } from './memory-index.ts'
import { DISK, type TestDirectory, testDirectory } from './segment-store.test-support.ts'
import { IndexFailedError, type IndexOrigin, type ShardIndex } from './shard-index.ts'
import { factOf, keyOfNumber, shardIndexContract } from './shard-index-contract.ts'
import { refuses } from './shard-store-contract.ts'
import { openSqliteIndex } from './sqlite-index.ts'

const ORIGIN: IndexOrigin = { disk: DISK, starts: 4, trusted: true }
const NEXT: IndexOrigin = { ...ORIGIN, starts: 5 }

function open(
  directory: TestDirectory,
  origin: IndexOrigin,
  boot = 'one',
  clock: Clock = systemClock,
): Promise<ShardIndex> {
  return openSqliteIndex(directory.disk, { boot, clock })(origin)
}

/** An index that holds one fact and was closed, or was cut off as by `kill -9`: copied away while it is open. */
async function filled(ended: 'closed' | 'killed'): Promise<TestDirectory> {
  const directory = await testDirectory()
  const index = await open(directory, ORIGIN)
  index.add(factOf(1))
  index.setSegment({ segment: 1, endBytes: 8192, closed: false, liveBytes: 4096 })
  index.flush()
  if (ended === 'closed') {
    await index[Symbol.asyncDispose]()
    return directory
  }
  const copy = await testDirectory()
  await cp(directory.path, copy.path, { recursive: true })
  await index[Symbol.asyncDispose]()
  await directory[Symbol.asyncDispose]()
  return copy
}

async function isKept(directory: TestDirectory, origin: IndexOrigin, boot: string): Promise<boolean> {
  await using index = await open(directory, origin, boot)
  const facts = index.facts(keyOfNumber(1))
  assert.equal(index.segments().length, facts.length, 'facts and ends are kept together')
  return facts.length > 0
}

shardIndexContract('memory', async () => new MemoryIndex())
shardIndexContract('SQLite', async () => {
  const directory = await testDirectory()
  const index = await open(directory, ORIGIN)
  const dispose = index[Symbol.asyncDispose].bind(index)
  return Object.assign(index, {
    async [Symbol.asyncDispose]() {
      await dispose()
      await directory[Symbol.asyncDispose]()
    },
  })
})

describe('an index file', () => {
  it('is believed after a clean end, and after a kill on the same boot', async () => {
    for (const [ended, boot] of [
      ['closed', 'one'],
      ['closed', 'another'],
      ['killed', 'one'],
    ] as const) {
      await using directory = await filled(ended)
      assert.equal(await isKept(directory, NEXT, boot), true, `${ended}, boot ${boot}`)
    }
  })

  it('is dropped when the machine lost its memory while it was open', async () => {
    await using directory = await filled('killed')
    assert.equal(await isKept(directory, NEXT, 'another'), false)
  })

  it('is dropped when it comes from another start, another disk, or is not trusted', async () => {
    for (const origin of [
      ORIGIN,
      { ...NEXT, starts: 6 },
      { ...NEXT, disk: asId('f'.repeat(32)) },
      { ...NEXT, trusted: false },
    ]) {
      await using directory = await filled('closed')
      assert.equal(await isKept(directory, origin, 'one'), false)
    }
  })

  it('is dropped when it is of another version, or no database at all', async () => {
    await using directory = await filled('closed')
    const database = new DatabaseSync(directory.disk.pathOf('index.sqlite'))
    database.exec('PRAGMA user_version = 2')
    database.close()
    assert.equal(await isKept(directory, NEXT, 'one'), false)
    await writeFile(directory.disk.pathOf('index.sqlite'), 'no database')
    assert.equal(await isKept(directory, { ...NEXT, starts: 6 }, 'one'), false)
  })

  it('keeps a second process from the disk', async () => {
    await using directory = await testDirectory()
    await using index = await open(directory, ORIGIN)
    await refuses('conflict', () => open(directory, NEXT))
    index.add(factOf(1))
    index.flush()
  })

  it('flushes by itself soon after it was told of an end', async () => {
    await using directory = await testDirectory()
    const timers: (() => void)[] = []
    const clock: Clock = {
      ...systemClock,
      after(_delayMs, act) {
        timers.push(act)
        return { cancel: () => undefined }
      },
    }
    const index = await open(directory, ORIGIN, 'one', clock)
    index.add(factOf(1))
    index.setSegment({ segment: 1, endBytes: 8192, closed: false, liveBytes: 4096 })
    assert.equal(timers.length, 1)
    timers[0]?.()
    await using copy = await testDirectory()
    await cp(directory.path, copy.path, { recursive: true })
    await index[Symbol.asyncDispose]()
    assert.equal(await isKept(copy, NEXT, 'one'), true)
  })

  it('says that it failed, and not that a shard is missing, when its file is damaged under it', async () => {
    await using directory = await testDirectory()
    const index = await open(directory, ORIGIN)
    for (let number = 0; number < 60_000; number++) index.add(factOf(number))
    index.flush()
    const file = await openFile(directory.disk.pathOf('index.sqlite'), 'r+')
    const { size } = await file.stat()
    await file.write(Buffer.alloc(size, 0xff), 0, size, 0)
    await file.close()
    assert.throws(() => {
      for (let number = 0; number < 60_000; number++) index.facts(keyOfNumber(number))
    }, IndexFailedError)
    await assert.rejects(async () => index[Symbol.asyncDispose](), IndexFailedError)
  })
})
