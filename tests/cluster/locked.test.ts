/** Two processes never share a directory: the second goes away, says why, and has touched nothing. */
import assert from 'node:assert/strict'
import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { contentOf } from './contents.ts'
import { ServerProcess } from './server-process.ts'

/** Every file that tells who owns the directory and its disks, with its contents, and every name there is. */
async function ownership(data: string): Promise<Record<string, string>> {
  const names = await readdir(data, { recursive: true })
  const entries = names.sort().map(async (name) => {
    const path = join(data, name)
    const isMark = /(identity|gateway\.pid|\.key)$/.test(name)
    return [
      name,
      isMark ? await readFile(path, 'utf8') : (await stat(path)).isDirectory() ? 'directory' : 'file',
    ] as const
  })
  return Object.fromEntries(await Promise.all(entries))
}

describe('a second process on the same directory', () => {
  it('is refused with a clear sentence, and changes nothing', { timeout: 120_000 }, async () => {
    await using server = await ServerProcess.start()
    const bytes = contentOf(1, 50_000)
    assert.equal((await server.client.put('a', bytes)).status, 201)
    const before = await ownership(server.data)
    const { code, stderr } = await server.beside()
    assert.equal(code, 11, 'locked')
    assert.match(stderr, /another process uses/)
    assert.doesNotMatch(stderr, /^\s+at .*\.ts:\d+/m, 'a person reads a sentence, not a stack')
    assert.deepEqual(await ownership(server.data), before)
    assert.deepEqual((await server.client.get('a')).body, bytes)
    assert.equal((await server.client.put('b', bytes)).status, 201)
    await server.stop()
    await server.start()
    assert.deepEqual((await server.client.get('b')).body, bytes)
  })
})
