import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { cp, mkdir, mkdtemp, open, rename, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import type { Catalog } from './catalog/catalog.ts'
import { TestCatalog } from './catalog/test-catalog.test-support.ts'
import { loadCluster } from './catalog/transactions/create-cluster.ts'
import { listNodes } from './catalog/transactions/list-nodes.ts'
import { Drives } from './drives.ts'
import { sleep, systemClock } from './seams/clock.ts'
import { ManualClock } from './seams/manual-clock.test-support.ts'
import { putOf, shardIdOf } from './storage/shard-store-contract.ts'

const DRIVES = 3
const LONG_ENOUGH_MS = 200

class World implements AsyncDisposable {
  readonly clock: ManualClock
  readonly directories: readonly string[]
  readonly drives: Drives
  readonly rows: TestCatalog
  readonly #disposables: AsyncDisposableStack

  private constructor(
    parts: Pick<World, 'clock' | 'directories' | 'drives' | 'rows'>,
    disposables: AsyncDisposableStack,
  ) {
    this.clock = parts.clock
    this.directories = parts.directories
    this.drives = parts.drives
    this.rows = parts.rows
    this.#disposables = disposables
  }

  static async open(): Promise<World> {
    const disposables = new AsyncDisposableStack()
    const root = await mkdtemp(join(tmpdir(), 'holdfast-drives-'))
    disposables.defer(() => rm(root, { recursive: true }))
    const rows = disposables.use(new TestCatalog())
    const run: Catalog['write'] = async (transaction, args) => rows.run(transaction, args)
    const catalog: Catalog = { write: run, read: run, scan: run, async [Symbol.asyncDispose]() {} }
    const cluster = rows.run(loadCluster, {})
    assert.ok(cluster !== null)
    const clock = new ManualClock()
    const directories = Array.from({ length: DRIVES }, (_, drive) => join(root, String(drive)))
    const drives = await Drives.open({
      ...{ catalog, cluster, clock, ids: rows.ids, warn: () => {} },
      places: directories.map((directory, drive) => ({ name: `drive-${drive}`, directory, zone: `zone-${drive}` })),
      makeDirectory: (directory) => mkdir(directory),
    })
    disposables.use(drives)
    return new World({ clock, directories, drives, rows }, disposables)
  }

  /** Whoever opens the identity of a drive hangs until this is called back. */
  async hang(drive: number): Promise<() => Promise<void>> {
    const identity = join(this.directories[drive] ?? assert.fail(), 'identity')
    await rm(identity)
    execFileSync('mkfifo', [identity])
    return async () => await (await open(identity, 'w')).close()
  }

  async put(drive: number, shard: number): Promise<void> {
    const { lineage } = this.rows.run(loadCluster, {}) ?? assert.fail()
    const put = putOf(shardIdOf(shard), Buffer.alloc(10_000, shard))
    await this.drives.nodes.store(drive + 1).put({ ...put, order: { lineage, sequence: 1 } })
  }

  /** Takes a drive away, and puts another directory in its place. */
  async replace(drive: number, by: (away: string) => string): Promise<void> {
    const directory = this.directories[drive] ?? assert.fail()
    await rename(directory, `${directory}-away`)
    await this.drives.look()
    assert.equal(this.drives.nodes.get(drive + 1)?.state, 'offline')
    await rename(by(`${directory}-away`), directory)
    await this.drives.look()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#disposables.disposeAsync()
  }
}

describe('the drives', { skip: process.platform === 'win32' && 'needs a pipe with a name' }, () => {
  it('are looked at without those that hang, each of which is asked once', async () => {
    await using world = await World.open()
    const goOn = await world.hang(1)
    try {
      const look = world.drives.look().then(() => 'done')
      assert.equal(await Promise.race([look, sleep(systemClock, LONG_ENOUGH_MS)]), undefined)
      world.clock.advance(5000)
      assert.equal(await look, 'done')
      await rm(join(world.directories[2] ?? assert.fail(), 'identity'))
      for (let each = 0; each < 10; each++) await world.drives.look()
      assert.deepEqual(
        world.drives.nodes.all().map(({ state }) => state),
        ['online', 'online', 'offline'],
      )
    } finally {
      await goOn()
    }
  })

  it('are compared when they are back with what they had when they went', async () => {
    await using world = await World.open()
    const image = `${world.directories[1]}-image`
    for (const drive of [0, 1]) await world.put(drive, 1)
    await cp(world.directories[1] ?? assert.fail(), image, { recursive: true })
    for (const drive of [0, 1]) await world.put(drive, 2)
    await world.replace(0, (away) => away)
    await world.replace(1, () => image)
    assert.deepEqual(
      world.drives.nodes.all().map(({ state }) => state),
      ['online', 'online', 'online'],
    )
    assert.deepEqual(
      world.rows.run(listNodes, {}).map(({ rolledBackAt }) => rolledBackAt !== null),
      [false, true, false],
    )
  })

  it('stay away while the catalog does not hear of their return', async () => {
    await using world = await World.open()
    const { intercept } = world.rows
    world.rows.intercept = (asked) => (asked.transaction === 'nodeStarted' ? assert.fail() : intercept(asked))
    await world.replace(0, (away) => away)
    assert.equal(world.drives.nodes.get(1)?.state, 'offline')
    world.rows.intercept = intercept
    await world.drives.look()
    assert.equal(world.drives.nodes.get(1)?.state, 'online')
  })
})
