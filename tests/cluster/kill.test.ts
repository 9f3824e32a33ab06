/**
 * `kill -9` again and again: eight clients write, overwrite and delete, each on its own paths, until the process is killed at a
 * random moment; it is started again, sometimes killed again while it starts, and then every file is read and held against what
 * was acknowledged. A failure prints the seed; `HOLDFAST_KILL_SEED` replays its choices, `HOLDFAST_KILL_ROUNDS` says how many rounds.
 */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { seededFloats } from '../seeded-floats.ts'
import { contentOf, whole } from './contents.ts'
import { filePath, type HttpClient } from './http-client.ts'
import { ABSENT, Ledger, type State, stateOf } from './ledger.ts'
import { ServerProcess } from './server-process.ts'

const ROUNDS = Number(process.env['HOLDFAST_KILL_ROUNDS'] ?? 10)
const SEED = Number(process.env['HOLDFAST_KILL_SEED'] ?? Math.floor(Math.random() * 2 ** 31))
const CLIENTS = 8
const PATHS_OF_A_CLIENT = 20
const READERS = 8
const KILLED_AFTER_MS_MAX = 1500
/** A start takes about half a second: some of these moments are in it. */
const START_KILLED_AFTER_MS_MAX = 600
const ROUND_MS_MAX = 30_000

/** What is done in one round, by all clients together. */
class Round {
  readonly #client: HttpClient
  readonly #ledger: Ledger
  readonly #random: () => number
  #killed = false
  acknowledged = 0

  constructor(client: HttpClient, ledger: Ledger, random: () => number) {
    this.#client = client
    this.#ledger = ledger
    this.#random = random
  }

  killing(): void {
    this.#killed = true
  }

  /** Works until the server is gone. Whatever fails before that is a fault of the server. */
  async work(client: number): Promise<void> {
    const random = seededFloats(whole(this.#random, 0, 2 ** 31))
    while (!this.#killed) {
      const path = `client-${client}/file ${whole(random, 1, PATHS_OF_A_CLIENT)}`
      try {
        const what = random()
        if (what < 0.7) await this.#write(path, random)
        else if (what < 0.85) await this.#delete(path)
        else await this.#read(path)
        this.acknowledged++
      } catch (error) {
        if (!this.#killed || error instanceof assert.AssertionError) throw error
        return
      }
    }
  }

  async #write(path: string, random: () => number): Promise<void> {
    const bytes = contentOf(whole(random, 0, 2 ** 31), lengthOf(random))
    const state = stateOf(bytes)
    this.#ledger.began(path, state)
    const { status, body } = await this.#client.put(path, bytes)
    assert.ok(status === 201 || status === 200, `PUT ${path}: ${status} ${body}`)
    this.#ledger.acknowledged(path, state)
  }

  async #delete(path: string): Promise<void> {
    const isThere = !this.#ledger.possible(path).has(ABSENT)
    this.#ledger.began(path, ABSENT)
    const { status, body } = await this.#client.ask('DELETE', filePath(path))
    assert.ok(isThere ? status === 200 || status === 204 : status === 404, `DELETE ${path}: ${status} ${body}`)
    this.#ledger.acknowledged(path, ABSENT)
  }

  async #read(path: string): Promise<void> {
    assert.equal(this.#ledger.found(path, await stateAt(this.#client, path)), undefined)
  }
}

/** Mostly small; every eighth or so takes several stripes. */
function lengthOf(random: () => number): number {
  const kind = random()
  if (kind < 0.05) return 0
  if (kind < 0.55) return whole(random, 1, 8_000)
  if (kind < 0.95) return whole(random, 8_000, 200_000)
  return whole(random, 3_000_000, 12_000_000)
}

async function stateAt(client: HttpClient, path: string): Promise<State> {
  const { status, body } = await client.get(path)
  assert.ok(status === 200 || status === 404, `GET ${path}: ${status} ${status === 200 ? '' : body}`)
  return status === 404 ? ABSENT : stateOf(body)
}

/** Everything that is wrong with what the server has now. */
async function faults(client: HttpClient, ledger: Ledger): Promise<string[]> {
  const found: string[] = ledger.listed(await client.list())
  const paths = ledger.paths()
  const read = async (): Promise<void> => {
    for (let path = paths.pop(); path !== undefined; path = paths.pop()) {
      const fault = ledger.found(path, await stateAt(client, path))
      if (fault !== undefined) found.push(fault)
    }
  }
  await Promise.all(Array.from({ length: READERS }, read))
  return found
}

describe(`kill -9, seed ${SEED}`, () => {
  it(`loses nothing that was acknowledged in ${ROUNDS} rounds`, { timeout: ROUNDS * ROUND_MS_MAX }, async (t) => {
    const random = seededFloats(SEED)
    const ledger = new Ledger()
    let acknowledged = 0
    let killedStarts = 0
    await using server = await ServerProcess.start()
    for (let number = 1; number <= ROUNDS; number++) {
      const round = new Round(server.client, ledger, random)
      const clients = Array.from({ length: CLIENTS }, (_, client) => round.work(client))
      const worked = Promise.all(clients)
      // A client that fails early ends the round early.
      await Promise.race([sleep(whole(random, 20, KILLED_AFTER_MS_MAX)), worked])
      round.killing()
      await server.kill()
      await worked
      acknowledged += round.acknowledged
      if (random() < 0.3) {
        server.begin()
        await sleep(whole(random, 0, START_KILLED_AFTER_MS_MAX))
        await server.kill()
        killedStarts++
      }
      await server.start()
      assert.deepEqual(await faults(server.client, ledger), [], `round ${number} of seed ${SEED}`)
    }
    await server.stop()
    await server.start()
    assert.deepEqual(await faults(server.client, ledger), [], `after a clean end, seed ${SEED}`)
    t.diagnostic(`${acknowledged} acknowledged, ${ledger.paths().length} paths, ${killedStarts} starts killed`)
  })
})
