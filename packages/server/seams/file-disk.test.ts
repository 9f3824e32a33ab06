import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { systemCodeOf } from './disk.ts'
import { diskContract } from './disk-contract.ts'
import { FileDisk } from './file-disk.ts'

async function openDirectory(): Promise<{ disk: FileDisk; path: string } & AsyncDisposable> {
  const path = await mkdtemp(join(tmpdir(), 'holdfast-disk-'))
  return { path, disk: new FileDisk(path), [Symbol.asyncDispose]: () => rm(path, { recursive: true }) }
}

/** A small file system in memory: a real ENOSPC, and no O_DIRECT on older kernels. Undefined where nobody may mount one. */
async function openTmpfs(size: string): Promise<({ disk: FileDisk } & AsyncDisposable) | undefined> {
  const held = await openDirectory()
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', held.path], { stdio: 'ignore' })
  } catch {
    await held[Symbol.asyncDispose]()
    return undefined
  }
  return {
    disk: held.disk,
    async [Symbol.asyncDispose]() {
      execFileSync('umount', [held.path])
      await held[Symbol.asyncDispose]()
    },
  }
}

diskContract('a directory', openDirectory)
diskContract('a file system in memory, or a directory where none may be mounted', async () => {
  return (await openTmpfs('8m')) ?? (await openDirectory())
})

describe('a directory as a disk', () => {
  it('takes no name that leads out of it', async () => {
    await using held = await openDirectory()
    for (const name of ['../a', '/etc/passwd', 'a/../b', 'a//b', '', '..', 'a\0b', '.hidden']) {
      await assert.rejects(() => held.disk.exists(name), /not a name/)
    }
  })

  it('names ENOSPC when the room ends in the middle of a write', async (test) => {
    const held = await openTmpfs('256k')
    if (held === undefined) return test.skip('needs the right to mount')
    await using _ = held
    const file = await held.disk.open('a', { mode: 'create', durable: true })
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
