/**
 * `kill -9` in the middle of the very first start, at the renames by which keys and drives come into being: the next start goes on
 * with what is there. strace counts them per thread, and one thread for files makes the count the same each time.
 */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { describe, it } from 'node:test'
import { contentOf } from './contents.ts'
import { ServerProcess } from './server-process.ts'

/** Three keys, and the identities of the first two drives: made, and raised at their start. */
const RENAMES = Number(process.env['HOLDFAST_START_RENAMES'] ?? 7)

const hasStrace = spawnSync('strace', ['-V']).status === 0

describe('the first start', { skip: !hasStrace && 'strace is not installed' }, () => {
  for (let rename = 1; rename <= RENAMES; rename++) {
    it(`can be killed at its rename ${rename}`, { timeout: 120_000 }, async () => {
      await using server = await ServerProcess.make()
      const inject = ['-e', 'trace=rename', '-e', `inject=rename:signal=SIGKILL:when=${rename}`]
      const killed = server.begin(['env', 'UV_THREADPOOL_SIZE=1', 'strace', '-f', '-qq', '-o', '/dev/null', ...inject])
      await assert.rejects(killed.ready(), /before it was ready/)
      await server.start()
      const bytes = contentOf(rename, 10_000)
      assert.equal((await server.client.put('a', bytes)).status, 201)
      assert.deepEqual((await server.client.get('a')).body, bytes)
    })
  }
})
