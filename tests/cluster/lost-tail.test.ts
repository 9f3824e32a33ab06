/**
 * Drives that lost the end of what they had written, and look whole: what the catalog last heard of them is older than that. The next
 * start finds out before anybody relies on it.
 */
import assert from 'node:assert/strict'
import { readFile, truncate } from 'node:fs/promises'
import { describe, it } from 'node:test'
import { filePath } from './http-client.ts'
import { ServerProcess } from './server-process.ts'

const BLOCK_BYTES = 4096
const DRIVES = [1, 2, 3, 4, 5]
const PATH = filePath('late')

/** The segment that a drive writes, and where what is written in it ends. */
async function endOf(server: ServerProcess, drive: number): Promise<{ path: string; end: number }> {
  const path = (await server.segments(drive)).at(-1)
  assert(path !== undefined, 'a drive has a segment')
  const bytes = await readFile(path)
  let end = bytes.length - (bytes.length % BLOCK_BYTES)
  while (end > 0 && bytes.subarray(end - BLOCK_BYTES, end).every((byte) => byte === 0)) end -= BLOCK_BYTES
  return { path, end }
}

describe('drives that lost the end of what they wrote', () => {
  it('are found out at the next start: what is gone is told, not relied upon, and stored again by who sends it again', async () => {
    await using server = await ServerProcess.start()
    const early = Buffer.alloc(5000, 'early')
    const late = Buffer.alloc(5000, 'late')
    assert.equal((await server.client.ask('PUT', filePath('early'), { body: early })).status, 201)
    const ends = await Promise.all(DRIVES.map((drive) => endOf(server, drive)))
    assert.equal((await server.client.ask('PUT', PATH, { body: late })).status, 201)
    await server.kill()
    for (const { path, end } of ends) await truncate(path, end)
    await server.start()

    const health = JSON.parse((await server.client.ask('GET', '/health')).body.toString())
    assert.equal(health.state, 'critical')
    assert.equal((await server.client.ask('GET', PATH)).status, 503)
    assert.deepEqual((await server.client.ask('GET', filePath('early'))).body, early)
    assert.equal((await server.client.ask('PUT', PATH, { body: late })).status, 200)
    assert.deepEqual((await server.client.ask('GET', PATH)).body, late)
    assert.equal(server.stderr.match(/does not list 1 of the shards that it wrote last/g)?.length, DRIVES.length)
  })
})
