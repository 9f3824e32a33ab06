/** That each name is synced shows only in what the system is asked for: `tests/cluster/first-syncs.test.ts`. */
import assert from 'node:assert/strict'
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { systemCodeOf } from './disk.ts'
import { makeDirectory } from './make-directory.ts'

describe('making a directory', () => {
  it('makes all that it lies in, for its owner alone, and takes what is there', async () => {
    await using made = await temporary()
    const path = join(made.path, 'a', 'b', 'c')
    for (let time = 0; time < 2; time++) {
      await makeDirectory(path)
      assert.equal((await stat(path)).mode & 0o777, 0o700)
    }
  })

  it('names what is in its way', async () => {
    await using made = await temporary()
    await writeFile(join(made.path, 'a'), '')
    await assert.rejects(makeDirectory(join(made.path, 'a')), (error) => systemCodeOf(error) === 'EEXIST')
    await assert.rejects(makeDirectory(join(made.path, 'a', 'b')), (error) => systemCodeOf(error) === 'ENOTDIR')
  })
})

async function temporary(): Promise<{ path: string } & AsyncDisposable> {
  const path = await mkdtemp(join(tmpdir(), 'holdfast-directory-'))
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true }) }
}
