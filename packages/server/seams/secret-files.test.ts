import assert from 'node:assert/strict'
import { chmod, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { MemorySecrets } from './memory-secrets-fixture.ts'
import { SecretDirectory, SecretRefusedError } from './secret-files.ts'
import { secretFilesContract } from './secret-files-contract.ts'

const made: string[] = []

async function newDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'holdfast-secrets-'))
  made.push(directory)
  return directory
}

after(async () => {
  await Promise.all(made.map((directory) => rm(directory, { recursive: true })))
})

secretFilesContract('in memory', async () => new MemorySecrets())
secretFilesContract('a directory', async () => new SecretDirectory(await newDirectory()))
secretFilesContract(
  'a directory that is not there yet',
  async () => new SecretDirectory(join(await newDirectory(), 'a', 'b')),
)

describe('secret files in a directory', () => {
  const mode = async (path: string): Promise<number> => (await stat(path)).mode & 0o777

  it('are for their owner alone, and so are the directories made for them', async () => {
    const directory = join(await newDirectory(), 'data')
    await new SecretDirectory(directory).create('keys/one.key', 'secret')
    assert.equal(await mode(join(directory, 'keys/one.key')), 0o600)
    assert.equal(await mode(join(directory, 'keys')), 0o700)
    assert.equal(await mode(directory), 0o700)
  })

  it('are refused where others may read or change them, and taken once they may not', async () => {
    const directory = await newDirectory()
    const secrets = new SecretDirectory(directory)
    const path = join(directory, 'one.key')
    await secrets.create('one.key', 'secret')
    for (const open of [0o644, 0o640, 0o604, 0o660, 0o620, 0o602, 0o610]) {
      await chmod(path, open)
      await assert.rejects(secrets.read('one.key'), (error) => {
        assert.ok(error instanceof SecretRefusedError)
        assert.ok(error.message.includes(`chmod 600 ${path}`), error.message)
        return true
      })
    }
    for (const closed of [0o600, 0o400, 0o700]) {
      await chmod(path, closed)
      assert.equal(await secrets.read('one.key'), 'secret')
    }
  })

  it('leave nothing beside them, and take no harm from what a crash left there', async () => {
    const directory = await newDirectory()
    await writeFile(join(directory, 'one.key.new'), 'half of a sec', { mode: 0o644 })
    const secrets = new SecretDirectory(directory)
    await secrets.create('one.key', 'secret')
    assert.deepEqual(await readdir(directory), ['one.key'])
    assert.equal(await mode(join(directory, 'one.key')), 0o600)
    assert.equal(await secrets.read('one.key'), 'secret')
  })

  it('are short', async () => {
    const directory = await newDirectory()
    await writeFile(join(directory, 'one.key'), 'x'.repeat(64 * 1024 + 1), { mode: 0o600 })
    await assert.rejects(new SecretDirectory(directory).read('one.key'), /longer than any secret/)
  })

  it('lie below the directory only', async () => {
    const secrets = new SecretDirectory(await newDirectory())
    await assert.rejects(secrets.read('../one.key'), /not a name below/)
    await assert.rejects(secrets.create('/one.key', 'secret'), /not a name below/)
  })
})
