/**
 * `kill -9` before a chosen system call of a write or a delete, the first ones of their server: strace attaches to it when it is ready, and
 * kills it before the n-th call of a name that any of its threads makes. The next start has all that was acknowledged, and of what was
 * not, all or nothing.
 *
 * A sample is drawn by a seed; `HOLDFAST_BOUNDARIES_SEED` draws the same again, and `HOLDFAST_BOUNDARIES=all` tries each.
 */
import assert from 'node:assert/strict'
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { after, describe, it } from 'node:test'
import { seededFloats } from '../seeded-floats.ts'
import { contentOf } from './contents.ts'
import { filePath, type HttpClient } from './http-client.ts'
import { ABSENT, Ledger, type State, stateOf } from './ledger.ts'
import { ServerProcess } from './server-process.ts'

const SEED = Number(process.env['HOLDFAST_BOUNDARIES_SEED'] ?? Math.floor(Math.random() * 2 ** 31))
const TRIES_ALL = process.env['HOLDFAST_BOUNDARIES'] === 'all'
/** Two starts each, of which two run at a time: half a minute on an idle machine. */
const SAMPLES = 10
/**
 * How many of them one thread makes for two writes and a delete: pages of the catalog's log and shards; the beginnings of segments;
 * syncs of the log, and of directories; answers. A few more than there are: then nothing is killed.
 */
const CALLS = { pwrite64: 45, pwritev: 5, fsync: 4, writev: 3, openat: 12, rename: 1, fdatasync: 1 }
const FILES = [
  ['first', contentOf(1, 300_000)],
  ['second', contentOf(2, 10)],
] as const

interface Boundary {
  readonly call: string
  readonly when: number
}

const boundaries: readonly Boundary[] = Object.entries(CALLS).flatMap(([call, count]) =>
  Array.from({ length: count }, (_, index) => ({ call, when: index + 1 })),
)

function chosen(): readonly Boundary[] {
  if (TRIES_ALL) return boundaries
  const random = seededFloats(SEED)
  const order = boundaries.map((boundary) => ({ boundary, at: random() })).sort((a, b) => a.at - b.at)
  return order.slice(0, SAMPLES).map(({ boundary }) => boundary)
}

/** Kills the process at a boundary, for as long as it runs. */
async function killAt(pid: number, { call, when }: Boundary): Promise<ChildProcess> {
  const inject = ['-e', `trace=${call}`, '-e', `inject=${call}:signal=SIGKILL:when=${when}`]
  const strace = spawn('strace', ['-f', '-p', String(pid), '-o', '/dev/null', ...inject], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const said = await Promise.race([once(strace.stderr, 'data'), once(strace, 'exit')])
  assert.match(String(said[0]), /attached/)
  return strace
}

/** True where all of it was answered. */
async function changes(client: HttpClient, ledger: Ledger): Promise<boolean> {
  try {
    for (const [path, bytes] of FILES) {
      ledger.began(path, stateOf(bytes))
      const { status } = await client.put(path, bytes)
      assert.equal(status, 201)
      ledger.acknowledged(path, stateOf(bytes))
    }
    ledger.began('first', ABSENT)
    const { status } = await client.ask('DELETE', filePath('first'))
    assert.equal(status, 200)
    ledger.acknowledged('first', ABSENT)
    return true
  } catch (error) {
    if (error instanceof assert.AssertionError) throw error
    return false
  }
}

async function stateAt(client: HttpClient, path: string): Promise<State> {
  const { status, body } = await client.get(path)
  assert.ok(status === 200 || status === 404, `GET ${path}: ${status}`)
  return status === 200 ? stateOf(body) : ABSENT
}

const hasStrace = spawnSync('strace', ['-V']).status === 0
const what = TRIES_ALL ? 'each' : `${SAMPLES} by seed ${SEED}`

describe(`kill -9 at boundaries, ${what}`, { skip: !hasStrace && 'strace is not installed', concurrency: 2 }, () => {
  let kills = 0

  for (const boundary of chosen()) {
    it(`loses nothing and shows no half before ${boundary.call} ${boundary.when}`, { timeout: 120_000 }, async () => {
      await using server = await ServerProcess.start()
      const ledger = new Ledger()
      const strace = await killAt(server.pid, boundary)
      const isDone = await changes(server.client, ledger)
      if (!isDone) kills++
      await server.kill()
      if (strace.exitCode === null && strace.signalCode === null) await once(strace, 'exit')
      await server.start()
      const faults = ledger.listed(await server.client.list())
      for (const [path] of FILES) {
        const fault = ledger.found(path, await stateAt(server.client, path))
        if (fault !== undefined) faults.push(fault)
      }
      assert.deepEqual(faults, [])
      const again = contentOf(3, 1000)
      assert.equal((await server.client.put('again', again)).status, 201)
      assert.deepEqual((await server.client.get('again')).body, again)
    })
  }

  after(() => assert.ok(kills >= chosen().length / 3, `${kills} of them are calls that the server makes`))
})
