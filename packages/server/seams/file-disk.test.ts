import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { systemCodeOf } from './disk.ts'
import { diskContract } from './disk-contract.ts'
import { FileDisk } from './file-disk.ts'
import { SmallFileSystem, whyNoSmallFileSystem } from './small-file-system.test-support.ts'

async function openDirectory(): Promise<{ disk: FileDisk; path: string } & AsyncDisposable> {
  const path = await mkdtemp(join(tmpdir(), 'holdfast-disk-'))
  return { path, disk: new FileDisk(path), [Symbol.asyncDispose]: () => rm(path, { recursive: true }) }
}

const noSmall = whyNoSmallFileSystem()

diskContract('a directory', openDirectory)
diskContract(
  'a file system in memory',
  async () => {
    const small = SmallFileSystem.mount('8m')
    return { disk: new FileDisk(small.path), [Symbol.asyncDispose]: async () => small[Symbol.dispose]() }
  },
  noSmall,
)

describe('a directory as a disk', () => {
  it('takes no name that leads out of it', async () => {
    await using held = await openDirectory()
    for (const name of ['../a', '/etc/passwd', 'a/../b', 'a//b', '', '..', 'a\0b', '.hidden']) {
      await assert.rejects(() => held.disk.exists(name), /not a name/)
    }
  })

  it('names ENOSPC when the room ends in the middle of a write', { skip: noSmall }, async () => {
    using small = SmallFileSystem.mount('256k')
    const file = await new FileDisk(small.path).open('a', { mode: 'create', durable: true })
    await assert.rejects(
      () => file.write([new Uint8Array(1024 * 1024)], 0),
      (error) => systemCodeOf(error) === 'ENOSPC',
    )
    assert.ok((await file.size()) < 1024 * 1024)
    await file.truncate(0)
    await file.close()
  })

  it('has a token that stays the same while the system keeps its memory', async () => {
    await using held = await openDirectory()
    assert.equal(await held.disk.memoryToken(), await held.disk.memoryToken())
  })
})
