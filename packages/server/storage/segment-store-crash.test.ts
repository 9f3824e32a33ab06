/**
 * Crashes of a simulated disk at any moment of puts, deletes, purges, compactions and openings: what was acknowledged is there,
 * what was not is whole or absent, and what was ended never comes back. The controls switch one protection off and must be
 * caught.
 */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { hasCode } from '@holdfast/core/wire/errors.ts'
import { type DiskFault, SimulatedDisk, type SimulatedDiskOptions } from '../../../tests/simulation/simulated-disk.ts'
import type { DiskFile, OpenOptions } from '../seams/disk.ts'
import type { Random } from '../seams/random.ts'
import { makeTestDisk, memoryIndexOptions, seededRandom } from './segment-store.test-support.ts'
import { SegmentStore } from './segment-store.ts'
import type { ShardPut } from './shard-store.ts'
import { orderOf, putOf, shardIdOf } from './shard-store-contract.ts'

const SEEDS = 80
const CONTROL_SEEDS = 25
const LIVES = 4
const SEGMENT_BYTES = 48 * 1024

interface Known {
  readonly payload: Uint8Array
  readonly sequence: number
  put: 'asked' | 'acknowledged'
  delete?: 'asked' | 'acknowledged'
  purge?: 'asked' | 'acknowledged'
}

/** One disk through several lives, and what was promised about it. */
class World {
  readonly disk: SimulatedDisk
  readonly #random: Random
  readonly #known: Known[] = []
  readonly #surprises: unknown[] = []
  #sequence = 1
  opened = 0
  compacted = 0

  constructor(seed: number, Disk: new (options: SimulatedDiskOptions) => SimulatedDisk, syncDoesNothing: boolean) {
    this.#random = seededRandom(seed)
    const pause = async (kind: string): Promise<void> => {
      const ticks = Math.floor(this.#random.float() * (kind === 'read' ? 2 : 6))
      for (let each = 0; each < ticks; each++) await tick()
    }
    this.disk = new Disk({ random: this.#random, pause, syncDoesNothing })
  }

  /** Works until the power goes or the process is killed, at a moment of its own choosing; nobody waits for what was under way. */
  async live(): Promise<void> {
    let store: SegmentStore | undefined
    const opening = this.#open().then((opened) => {
      store = opened
    })
    opening.catch((error: unknown) => this.#surprises.push(error))
    const ticks = Math.floor(this.#random.float() * 250)
    for (let each = 0; each < ticks; each++) {
      if (store !== undefined) this.#askSomething(store)
      await tick()
    }
    if (this.#random.float() < 0.3) this.disk.kill()
    else this.disk.crash()
  }

  /** What was promised against what is found; throws at the first difference. */
  async check(): Promise<void> {
    for (const surprise of this.#surprises) throw surprise
    const store = await this.#open()
    const listed = new Map<string, boolean>()
    for (const entry of await store.list({ limit: 10_000 })) listed.set(entry.id.stripe, entry.trashed)
    let found = 0
    for (const [number, known] of this.#known.entries()) {
      const bytes = await this.#bytesOf(store, number)
      const trashed = listed.get(shardIdOf(number).stripe)
      assert.equal(trashed !== undefined, bytes !== undefined, 'the list agrees with what is read')
      if (bytes !== undefined) {
        found++
        assert.ok(Buffer.from(known.payload).equals(bytes), `shard ${number} has its own bytes`)
        assert.notEqual(known.purge, 'acknowledged', `shard ${number} was purged and came back`)
        if (known.delete === 'acknowledged') assert.equal(trashed, true, `shard ${number} left the trash`)
        if (known.delete === undefined) assert.equal(trashed, false, `shard ${number} is in the trash`)
      } else if (known.put === 'acknowledged') assert.ok(known.purge, `shard ${number} was acknowledged and is gone`)
      // From here on, what is there stays there.
      if (bytes !== undefined) known.put = 'acknowledged'
      else if (known.purge !== undefined) known.purge = 'acknowledged'
      if (trashed === true) known.delete = 'acknowledged'
    }
    assert.equal(listed.size, found, 'nothing is listed that was never asked for')
    await store[Symbol.asyncDispose]()
  }

  async #open(): Promise<SegmentStore> {
    if (!(await this.disk.exists('identity'))) await makeTestDisk(this.disk)
    const store = await SegmentStore.open({ ...memoryIndexOptions(this.disk), segmentBytesMax: SEGMENT_BYTES })
    this.opened++
    return store
  }

  #askSomething(store: SegmentStore): void {
    const choice = this.#random.float()
    if (choice < 0.55) this.#askPut(store)
    else if (choice < 0.7) this.#askDeed(store, 'delete')
    else if (choice < 0.95) this.#askDeed(store, 'purge')
    else this.#ask(this.#compact(store))
  }

  async #compact(store: SegmentStore): Promise<void> {
    this.compacted += (await store.compact({ bytesPerSecond: Number.MAX_SAFE_INTEGER })).removedSegments
  }

  #askPut(store: SegmentStore): void {
    const number = this.#known.length
    const payload = this.#random.bytes(Math.floor(this.#random.float() ** 3 * 20_000))
    const known: Known = { payload, sequence: this.#sequence++, put: 'asked' }
    this.#known.push(known)
    const put: ShardPut = putOf(shardIdOf(number), payload, known.sequence)
    this.#ask(
      store.put(put).then(() => {
        known.put = 'acknowledged'
      }),
    )
  }

  #askDeed(store: SegmentStore, deed: 'delete' | 'purge'): void {
    // Old shards first, so that whole segments die and are compacted.
    const number = Math.floor(this.#random.float() ** 2 * this.#known.length)
    const known = this.#known[number]
    if (known === undefined || known.put !== 'acknowledged' || known.purge !== undefined) return
    if (deed === 'delete' && known.delete !== undefined) return
    known[deed] = 'asked'
    this.#ask(
      store[deed]([shardIdOf(number)], orderOf(this.#sequence++)).then(() => {
        known[deed] = 'acknowledged'
      }),
    )
  }

  #ask(asked: Promise<void>): void {
    asked.catch((error: unknown) => {
      if (!hasCode(error, 'order_refused')) this.#surprises.push(error)
    })
  }

  async #bytesOf(store: SegmentStore, number: number): Promise<Uint8Array | undefined> {
    try {
      return await store.get(shardIdOf(number))
    } catch (error) {
      assert.ok(hasCode(error, 'shard_not_found'), `shard ${number}: ${error}`)
      return undefined
    }
  }
}

class DirectoriesNeverSynced extends SimulatedDisk {
  override async syncDirectory(): Promise<void> {}
}

/** What a killed process left unsynced stays so, although the next one found it and answered for it. */
class FoundIsNeverSynced extends SimulatedDisk {
  override async open(name: string, options: OpenOptions): Promise<DiskFile> {
    const file = await super.open(name, options)
    return options.mode === 'read' ? { ...file, sync: async () => undefined } : file
  }
}

function tick(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

async function run(seed: number, Disk = SimulatedDisk, syncDoesNothing = false): Promise<World> {
  const world = new World(seed, Disk, syncDoesNothing)
  for (let life = 0; life < LIVES; life++) {
    await world.live()
    await world.check()
  }
  return world
}

/** How many seeds find that a promise was broken. */
async function caught(Disk: typeof SimulatedDisk, syncDoesNothing = false): Promise<number> {
  let count = 0
  for (let seed = 1; seed <= CONTROL_SEEDS; seed++) {
    await run(seed, Disk, syncDoesNothing).catch(() => {
      count++
    })
  }
  return count
}

describe('a segment store whose power goes', () => {
  it('keeps every promise, whatever of the unsynced bytes survives', async () => {
    const fired = new Map<DiskFault, number>()
    let compacted = 0
    for (let seed = 1; seed <= SEEDS; seed++) {
      const world = await run(seed).catch((error: unknown) => {
        throw new Error(`seed ${seed}`, { cause: error })
      })
      compacted += world.compacted
      for (const [fault, count] of world.disk.fired) fired.set(fault, (fired.get(fault) ?? 0) + count)
    }
    for (const fault of ['lostWrite', 'keptWrite', 'tornWrite', 'lostName', 'keptName'] as const) {
      assert.ok((fired.get(fault) ?? 0) > 10, `${fault} fired ${fired.get(fault)} times`)
    }
    assert.ok(compacted > 20, `${compacted} segments were compacted`)
  })

  it('is caught where a sync does nothing', async () => {
    assert.ok((await caught(SimulatedDisk, true)) > CONTROL_SEEDS * 0.9)
  })

  it('is caught where what a start finds is answered for without a sync', async () => {
    assert.ok((await caught(FoundIsNeverSynced)) > 0)
  })

  it('is caught where directories are never synced', async () => {
    assert.ok((await caught(DirectoriesNeverSynced)) > CONTROL_SEEDS * 0.5)
  })
})
