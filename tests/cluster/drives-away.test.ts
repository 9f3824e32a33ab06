/**
 * Drives that go and come back, as directories that are moved. Two of five away: reads go on and writes say why not; one away: both go
 * on; three away: what needs them says so. Back again, everything is there. A directory that is missing is never made anew.
 */
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { mkdir, readdir, rename, rmdir } from 'node:fs/promises'
import { describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { contentOf } from './contents.ts'
import { BUCKET, filePath, problemIn } from './http-client.ts'
import { ServerProcess } from './server-process.ts'

const NOTICED_MS_MAX = 15_000
const TEST_MS_MAX = 180_000
const LENGTHS = [0, 1, 500, 4_096, 70_000, 200_000, 1_000_000, 9_000_000]

class Cluster implements AsyncDisposable {
  readonly server: ServerProcess
  readonly files = new Map<string, Buffer>()

  private constructor(server: ServerProcess) {
    this.server = server
  }

  /** A server with a file of each length, three times over. */
  static async start(): Promise<Cluster> {
    const cluster = new Cluster(await ServerProcess.start())
    for (const [number, length] of [...LENGTHS, ...LENGTHS, ...LENGTHS].entries()) {
      await cluster.writes(`folder-${number % 3}/${number}`, length)
    }
    return cluster
  }

  async writes(path: string, length = 10_000): Promise<void> {
    const bytes = contentOf(this.files.size, length)
    const { status, body } = await this.server.client.put(path, bytes)
    assert.equal(status, 201, `PUT ${path}: ${body}`)
    this.files.set(path, bytes)
  }

  /** Bytes that are stored already need no drive. */
  async writesAgain(path: string): Promise<void> {
    const bytes = [...this.files.values()].find(({ length }) => length === LENGTHS.at(-1))
    assert.ok(bytes !== undefined)
    const { status, body } = await this.server.client.put(path, bytes)
    assert.equal(status, 201, `PUT ${path}: ${body}`)
    this.files.set(path, bytes)
  }

  async refusesWrites(): Promise<void> {
    const refused = await this.server.client.put('refused', contentOf(99, 10_000))
    assert.equal(refused.status, 503)
    assert.equal(problemIn(refused).code, 'quorum_lost')
    const large = await this.server.client.put('refused', contentOf(99, 5_000_000))
    assert.equal(problemIn(large).code, 'quorum_lost')
    assert.equal((await this.server.client.ask('HEAD', filePath('refused'))).status, 404)
  }

  /** Whole and in ranges, and in lists. */
  async readsEverything(): Promise<void> {
    const { client } = this.server
    for (const [path, bytes] of this.files) {
      const { status, body } = await client.get(path)
      assert.equal(status, 200, `GET ${path}: ${body.toString('latin1', 0, 300)}`)
      assert.ok(body.equals(bytes), `${path} has its bytes`)
      if (bytes.length < 2) continue
      const [from, to] = [Math.floor(bytes.length / 3), Math.floor((bytes.length * 2) / 3)]
      const range = await client.get(path, { headers: { range: `bytes=${from}-${to}` } })
      assert.equal(range.status, 206, `range of ${path}`)
      assert.ok(range.body.equals(bytes.subarray(from, to + 1)), `${path} has its bytes from ${from} to ${to}`)
    }
    await this.listsEverything()
  }

  async listsEverything(): Promise<void> {
    assert.deepEqual(await this.server.client.list(), [...this.files.keys()].sort())
  }

  async takeAway(...drives: number[]): Promise<void> {
    for (const drive of drives) await rename(this.server.drive(drive), `${this.server.drive(drive)}.away`)
  }

  async putBack(...drives: number[]): Promise<void> {
    for (const drive of drives) await rename(`${this.server.drive(drive)}.away`, this.server.drive(drive))
  }

  /** Waits until the server has noticed how many drives there are. */
  async online(count: number): Promise<void> {
    const untilMs = Date.now() + NOTICED_MS_MAX
    for (;;) {
      const { body } = await this.server.client.ask('GET', '/health')
      const { nodes } = JSON.parse(body.toString()) as { nodes: { state: string }[] }
      const online = nodes.filter(({ state }) => state === 'online').length
      if (online === count) return
      assert.ok(Date.now() < untilMs, `${online} drives are online, not ${count}, after ${NOTICED_MS_MAX} ms`)
      await sleep(100)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server[Symbol.asyncDispose]()
  }
}

describe('drives that go while the server runs', () => {
  it('may be two of five: reads go on, and writes wait for their return', { timeout: TEST_MS_MAX }, async () => {
    await using cluster = await Cluster.start()
    await cluster.takeAway(2, 5)
    await cluster.readsEverything()
    await cluster.online(3)
    await cluster.readsEverything()
    await cluster.refusesWrites()
    await cluster.writesAgain('known')
    assert.equal(existsSync(cluster.server.drive(2)), false, 'nothing is made in the place of a drive')
    await cluster.putBack(5)
    await cluster.online(4)
    await cluster.writes('with four')
    await cluster.writes('large with four', 5_000_000)
    await cluster.putBack(2)
    await cluster.online(5)
    await cluster.writes('with five')
    await cluster.readsEverything()
    // What was written while drive 2 was away does not need it.
    await cluster.takeAway(1)
    await cluster.online(4)
    await cluster.readsEverything()
  })

  it('keep what was acknowledged in the moment of their going', { timeout: TEST_MS_MAX }, async () => {
    await using cluster = await Cluster.start()
    let isGone = false
    let number = 0
    const write = async (): Promise<void> => {
      while (!isGone) {
        const path = `while going/${number++}`
        const bytes = contentOf(1000 + number, 20_000)
        const answer = await cluster.server.client.put(path, bytes)
        if (answer.status === 201) cluster.files.set(path, bytes)
        else assert.equal(problemIn(answer).code, 'quorum_lost')
      }
    }
    const writers = Promise.all(Array.from({ length: 4 }, write))
    for (let time = 0; time < 3; time++) {
      await sleep(300)
      await cluster.takeAway(3, 4)
      await cluster.online(3)
      await cluster.putBack(3, 4)
      await cluster.online(5)
    }
    isGone = true
    await writers
    assert.ok(number > 20, `${number} writes`)
    await cluster.readsEverything()
    await cluster.server.kill()
    await cluster.server.start()
    await cluster.readsEverything()
  })

  it('are three: what needs them answers 503, and is there when they are', { timeout: TEST_MS_MAX }, async () => {
    await using cluster = await Cluster.start()
    await cluster.takeAway(1, 2, 3)
    await cluster.online(2)
    let refused = 0
    for (const [path, bytes] of cluster.files) {
      const answer = await cluster.server.client.get(path).catch(() => undefined)
      // A body that had begun is cut.
      if (answer === undefined) continue
      if (answer.status === 200) assert.ok(answer.body.equals(bytes), `${path} has its bytes`)
      else {
        assert.equal(answer.status, 503)
        assert.equal(problemIn(answer).code, 'file_unavailable')
        refused++
      }
    }
    assert.ok(refused > 0, 'some files need the drives that are away')
    await cluster.listsEverything()
    await cluster.refusesWrites()
    const { body } = await cluster.server.client.ask('GET', '/health')
    assert.equal(JSON.parse(body.toString()).readable, false)
    assert.equal((await cluster.server.client.ask('GET', `/api/v1/buckets/${BUCKET}`)).status, 200)
    await cluster.putBack(1, 2, 3)
    await cluster.online(5)
    await cluster.readsEverything()
    await cluster.writes('again')
  })
})

describe('drives that are missing at the start', () => {
  it('do not stop it, and are taken back when they come', { timeout: TEST_MS_MAX }, async () => {
    await using cluster = await Cluster.start()
    await cluster.server.stop()
    await cluster.takeAway(4)
    await cluster.server.start()
    await cluster.online(4)
    await cluster.readsEverything()
    await cluster.writes('without the fourth')
    assert.equal(existsSync(cluster.server.drive(4)), false, 'nothing is made in the place of a drive')
    await cluster.putBack(4)
    await cluster.online(5)
    await cluster.takeAway(1)
    await cluster.online(4)
    await cluster.writes('with the fourth again')
    await cluster.readsEverything()
  })

  it('are not mistaken for an empty directory in their place', { timeout: TEST_MS_MAX }, async () => {
    await using cluster = await Cluster.start()
    await cluster.server.stop()
    await cluster.takeAway(2, 4)
    await mkdir(cluster.server.drive(2))
    await mkdir(cluster.server.drive(4))
    await cluster.server.start()
    await cluster.online(3)
    await cluster.readsEverything()
    await cluster.refusesWrites()
    // Long enough for a few looks.
    await sleep(2500)
    assert.deepEqual(await readdir(cluster.server.drive(2)), [])
    assert.deepEqual(await readdir(cluster.server.drive(4)), [])
    await rmdir(cluster.server.drive(2))
    await rmdir(cluster.server.drive(4))
    await cluster.putBack(2, 4)
    await cluster.online(5)
    await cluster.readsEverything()
    await cluster.writes('again')
  })

  it('are not mistaken for each other', { timeout: TEST_MS_MAX }, async () => {
    await using cluster = await Cluster.start()
    await cluster.server.stop()
    await cluster.takeAway(1, 2)
    await rename(`${cluster.server.drive(1)}.away`, cluster.server.drive(2))
    await rename(`${cluster.server.drive(2)}.away`, cluster.server.drive(1))
    await cluster.server.start()
    // Known by what they say of themselves or not taken at all: the files read either way.
    await cluster.readsEverything()
  })
})
