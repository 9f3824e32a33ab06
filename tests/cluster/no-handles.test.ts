/**
 * A server that may open no file and take no connection any more: it refuses what needs one with a clear 503, lives on, and goes on as
 * if nothing had been when it may again. `prlimit` lowers what a running process may have; what is open stays open.
 */
import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { contentOf } from './contents.ts'
import { HttpClient, problemIn } from './http-client.ts'
import { ServerProcess } from './server-process.ts'

/** Standard input, output and error have the three that there are. */
const NONE = 3
const MANY = 1024
/** Longer than drives take until they are looked at again. */
const BACK_MS_MAX = 20_000
/** Long enough for looks at all drives, each of which opens a file. */
const WITHOUT_MS = 3000
const BYTES = 100_000

const hasPrlimit = spawnSync('prlimit', ['--version']).status === 0

function allow({ pid }: ServerProcess, handles: number): void {
  execFileSync('prlimit', ['--pid', String(pid), `--nofile=${handles}:`])
}

async function putUntilTaken(client: HttpClient, path: string, bytes: Buffer): Promise<void> {
  const untilMs = Date.now() + BACK_MS_MAX
  for (;;) {
    const answer = await client.put(path, bytes)
    if (answer.status === 201) return
    assert.equal(problemIn(answer).status, 503)
    assert.ok(Date.now() < untilMs, answer.body.toString())
    await sleep(100)
  }
}

describe('a server without handles', { skip: !hasPrlimit && 'prlimit is not installed' }, () => {
  it('refuses with 503, lives on, loses nothing, and goes on when it has some', { timeout: 120_000 }, async () => {
    await using server = await ServerProcess.start()
    const { client, pid } = server
    // The connection is one that it has.
    assert.equal((await client.get('nothing')).status, 404)

    // A first write begins a segment on each drive, which is a file.
    allow(server, NONE)
    assert.equal(problemIn(await client.put('a', contentOf(1, BYTES))).status, 503)
    await sleep(WITHOUT_MS)
    assert.equal(problemIn(await client.put('a', contentOf(1, BYTES))).status, 503)
    assert.equal((await client.get('a')).status, 404)
    assert.deepEqual(await client.list(), [])
    allow(server, MANY)
    await putUntilTaken(client, 'a', contentOf(1, BYTES))

    // A first read opens that file; without, no byte is made up.
    allow(server, NONE)
    await sleep(WITHOUT_MS)
    const answer = await client.get('a')
    if (answer.status === 200) assert.deepEqual(answer.body, contentOf(1, BYTES))
    else assert.equal(problemIn(answer).status, 503)
    const put = await client.put('b', contentOf(2, BYTES))
    if (put.status !== 201) assert.equal(problemIn(put).status, 503)
    const key = (await readFile(`${server.data}/admin.key`, 'utf8')).trim()
    const port = Number(new URL(await readFile(`${server.data}/run/gateway.address`, 'utf8')).port)
    const other = new HttpClient(port, key)
    const refused = await other.get('a', { signal: AbortSignal.timeout(WITHOUT_MS) }).catch((error: unknown) => error)
    assert.ok(refused instanceof Error, 'it has no handle for another connection')
    other.close()
    allow(server, MANY)

    await putUntilTaken(client, 'c', contentOf(3, BYTES))
    const kept = new Map([['a', 1], ['c', 3], ...(put.status === 201 ? ([['b', 2]] as const) : [])])
    const late = new HttpClient(port, key)
    for (const [path, seed] of kept) assert.deepEqual((await late.get(path)).body, contentOf(seed, BYTES))
    assert.deepEqual((await late.list()).sort(), [...kept.keys()].sort())
    late.close()
    assert.equal(server.pid, pid, 'it is still the same process')
    assert.doesNotMatch(server.stderr, /drive-\d is \w+, it was|"level":60/, 'no drive counts as away')
    await server.stop()
    await server.start()
    for (const [path, seed] of kept) assert.deepEqual((await server.client.get(path)).body, contentOf(seed, BYTES))
  })
})
