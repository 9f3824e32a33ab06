/**
 * What a server has synced when it says that it is ready, and when it answers its first writes and deletes: each system call is traced,
 * and whatever the power could still take back is a fault (`unsynced.ts`).
 */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { describe, it } from 'node:test'
import { contentOf } from './contents.ts'
import { filePath, HttpClient } from './http-client.ts'
import { ServerProcess } from './server-process.ts'
import { momentsIn } from './system-calls.ts'
import { type Promised, promisesIn } from './unsynced.ts'

const CALLS = [
  ...['openat', 'close', 'mkdir', 'rename', 'renameat', 'renameat2', 'unlink'],
  ...['write', 'writev', 'pwrite64', 'pwritev', 'pwritev2', 'fsync', 'fdatasync'],
]
const PROMISE = /Holdfast is ready|HTTP\/1\.1 \d\d\d/
/**
 * Who runs is for this machine alone to know; shared memory and locks end with the process, and each index is made anew. Of the number
 * that closes a drive's earlier puts a start waits for one drive, and the others write it beside.
 */
const MAY_GO = /\/run\/|-shm$|\/lock\.sqlite|\/index\.sqlite|\/closed(\.new)?$/
/** The first write begins all segments; a small file, a packed one, and one that streams. */
const LENGTHS = [100, 100_000, 2_000_000]
/** A commit that serves no request, such as a drive's report, may be in the log at the moment of one answer. */
const COINCIDENCES_MAX = 1

const hasStrace = spawnSync('strace', ['-V']).status === 0

describe('a server that is ready, and its first answers', { skip: !hasStrace && 'strace is not installed' }, () => {
  it('have all on the disk that they speak of', { timeout: 120_000 }, async () => {
    await using server = await ServerProcess.make()
    const home = dirname(server.data)
    const trace = join(home, 'trace')
    const run = server.begin(['strace', '-f', '-qq', '-y', '-o', trace, '-e', `trace=${CALLS.join(',')}`])
    const port = await run.ready()
    const client = new HttpClient(port, (await readFile(join(server.data, 'admin.key'), 'utf8')).trim())
    for (const length of LENGTHS) assert.equal((await client.put(`a ${length}`, contentOf(length, length))).status, 201)
    for (const length of LENGTHS) assert.equal((await client.ask('DELETE', filePath(`a ${length}`))).status, 200)
    client.close()
    // Only the server, for what strace has not written yet would go with it.
    process.kill(Number(await readFile(join(server.data, 'run', 'gateway.pid'), 'utf8')), 'SIGTERM')
    assert.equal((await run.ended).code, 0)

    const counts = (path: string): boolean => path.startsWith(`${server.data}`) && !MAY_GO.test(path)
    const promised = promisesIn(momentsIn(await readFile(trace, 'utf8')), { counts, promise: PROMISE })
    assert.deepEqual(
      promised.map(({ promise }) => promise),
      ['Holdfast is ready', ...Array(3).fill('HTTP/1.1 201'), ...Array(3).fill('HTTP/1.1 200')],
    )
    const broken = promised.filter(({ unsynced }) => unsynced.length > 0)
    const byOthers = broken.filter(({ unsynced }) =>
      unsynced.every((sentence) => sentence.includes('catalog.sqlite-wal')),
    )
    assert.ok(byOthers.length === broken.length && broken.length <= COINCIDENCES_MAX, told(broken))
  })
})

function told(broken: readonly Promised[]): string {
  return broken.map(({ promise, unsynced }) => [promise, ...unsynced].join('\n  ')).join('\n')
}
