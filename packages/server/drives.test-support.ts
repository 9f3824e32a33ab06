/** Drives in real directories under a clock that stands, with a catalog in memory, and ways to make one of them hang. */
import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Catalog } from './catalog/catalog.ts'
import type { ClusterRow } from './catalog/rows.ts'
import { TestCatalog } from './catalog/test-catalog.test-support.ts'
import { loadCluster } from './catalog/transactions/create-cluster.ts'
import { CatalogAge } from './cluster/catalog-age.ts'
import { Drives } from './drives.ts'
import { sleep, systemClock } from './seams/clock.ts'
import { FileDisk } from './seams/file-disk.ts'
import { type GoOn, hangAt } from './seams/hanging-file.test-support.ts'
import { ManualClock } from './seams/manual-clock.test-support.ts'
import { makeIdentity } from './storage/identity.ts'
import { SegmentStore } from './storage/segment-store.ts'
import { putOf, shardIdOf } from './storage/shard-store-contract.ts'
import { openSqliteIndex } from './storage/sqlite-index.ts'

const DRIVES = 3
const SHARD_BYTES = 10_000
/** Room for a few shards. */
const SHORT_SEGMENT_BYTES = 128 * 1024
const DEAD_SHARDS = 30
const STEP_MS = 100
/** Below the last segment, which is open, these are closed, and nothing in them is wanted. */
export const DEAD_SEGMENT = '0000000000000001.seg'

export class DrivesWorld implements AsyncDisposable {
  readonly clock = new ManualClock()
  readonly rows = new TestCatalog()
  readonly directories: readonly string[]
  readonly warned: string[] = []
  readonly fatalities: unknown[] = []
  readonly #root: string
  #drives: Drives | undefined

  private constructor(root: string) {
    this.#root = root
    this.directories = Array.from({ length: DRIVES }, (_, drive) => join(root, String(drive)))
  }

  /** Drives that were never used, or with `dead` segments. */
  static async open({ dead = false } = {}): Promise<DrivesWorld> {
    const world = new DrivesWorld(await mkdtemp(join(tmpdir(), 'holdfast-drives-')))
    if (dead) for (const directory of world.directories) await world.#fillWithDead(directory)
    await world.start()
    return world
  }

  get drives(): Drives {
    return this.#drives ?? assert.fail('the drives were started')
  }

  get states(): string[] {
    return this.drives.nodes.all().map(({ state }) => state)
  }

  async start(): Promise<void> {
    const run: Catalog['write'] = async (transaction, args) => this.rows.run(transaction, args)
    const catalog: Catalog = { write: run, read: run, scan: run, async [Symbol.asyncDispose]() {} }
    this.#drives = await Drives.open({
      ...{ catalog, cluster: this.#cluster, clock: this.clock, ids: this.rows.ids },
      age: new CatalogAge(this.#cluster.sequence),
      warn: (sentence, error) => this.warned.push(error === undefined ? sentence : `${sentence}: ${error}`),
      fatal: (error) => this.fatalities.push(error),
      places: this.directories.map((directory, drive) => {
        return { name: `drive-${drive}`, directory, zone: `zone-${drive}` }
      }),
      makeDirectory: (directory) => mkdir(directory),
    })
  }

  /** Lets time pass until it is done, and answers how much. A disk takes its time until it is waited for, and so would be missed. */
  async passes(done: Promise<unknown>): Promise<number> {
    const beganMs = this.clock.monotonicMs()
    let isDone = false
    const end = (): void => {
      isDone = true
    }
    done.then(end, end)
    while (!isDone) {
      this.clock.advance(STEP_MS)
      await sleep(systemClock, 2)
    }
    return this.clock.monotonicMs() - beganMs
  }

  async stop(): Promise<void> {
    await this.drives[Symbol.asyncDispose]()
    this.#drives = undefined
  }

  directory(drive: number): string {
    return this.directories[drive] ?? assert.fail()
  }

  /** Whoever opens the identity of a drive hangs. */
  async hang(drive: number): Promise<GoOn> {
    return await hangAt(join(this.directory(drive), 'identity'))
  }

  /** Whoever opens the first segment of a drive hangs. */
  async hangSegment(drive: number): Promise<GoOn> {
    return await hangAt(join(this.directory(drive), 'segments', DEAD_SEGMENT))
  }

  async segments(drive: number): Promise<string[]> {
    return (await readdir(join(this.directory(drive), 'segments'))).sort()
  }

  async put(drive: number, shard: number): Promise<void> {
    const { lineage } = this.#cluster
    const put = putOf(shardIdOf(shard), Buffer.alloc(SHARD_BYTES, shard))
    await this.drives.nodes.store(drive + 1).put({ ...put, order: { lineage, sequence: 1 } })
  }

  /** Takes a drive away, and puts another directory in its place. */
  async replace(drive: number, by: (away: string) => string): Promise<void> {
    const directory = this.directory(drive)
    await rename(directory, `${directory}-away`)
    await this.drives.look()
    assert.equal(this.drives.nodes.get(drive + 1)?.state, 'offline')
    await rename(by(`${directory}-away`), directory)
    await this.drives.look()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#drives?.[Symbol.asyncDispose]()
    this.rows[Symbol.dispose]()
    await rm(this.#root, { recursive: true })
  }

  get #cluster(): ClusterRow {
    return this.rows.run(loadCluster, {}) ?? assert.fail('there is a cluster')
  }

  /** As a start leaves it that was killed before the catalog heard of the drive; all that was put is purged. */
  async #fillWithDead(directory: string): Promise<void> {
    const { clusterId: cluster, lineage, sealedHeader } = this.#cluster
    await mkdir(directory)
    const disk = new FileDisk(directory)
    const node = this.rows.ids.next()
    await makeIdentity(disk, { cluster, lineage, node, disk: this.rows.ids.next() })
    const clock = systemClock
    const openIndex = openSqliteIndex(disk, { boot: await disk.memoryToken(), clock })
    const rules = { cluster, node, sealedHeader, segmentBytesMax: SHORT_SEGMENT_BYTES }
    await using store = await SegmentStore.open({ disk, clock, ids: this.rows.ids, openIndex, ...rules })
    const numbers = Array.from({ length: DEAD_SHARDS }, (_, number) => number)
    for (const number of numbers) {
      const put = putOf(shardIdOf(number), Buffer.alloc(SHARD_BYTES, number))
      await store.put({ ...put, order: { lineage, sequence: 1 } })
    }
    await store.purge(
      numbers.map((number) => shardIdOf(number)),
      { lineage, sequence: 2 },
    )
  }
}
