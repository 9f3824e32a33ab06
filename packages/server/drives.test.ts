import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdir, mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import type { Catalog } from './catalog/catalog.ts'
import { TestCatalog } from './catalog/test-catalog.test-support.ts'
import { loadCluster } from './catalog/transactions/create-cluster.ts'
import { Drives } from './drives.ts'
import { sleep, systemClock } from './seams/clock.ts'
import { ManualClock } from './seams/manual-clock.test-support.ts'

const DRIVES = 3
const LONG_ENOUGH_MS = 200

class World implements AsyncDisposable {
  readonly clock: ManualClock
  readonly directories: readonly string[]
  readonly drives: Drives
  readonly #disposables: AsyncDisposableStack

  private constructor(parts: Pick<World, 'clock' | 'directories' | 'drives'>, disposables: AsyncDisposableStack) {
    this.clock = parts.clock
    this.directories = parts.directories
    this.drives = parts.drives
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
    return new World({ clock, directories, drives }, disposables)
  }

  /** Whoever opens the identity of a drive hangs until this is called back. */
  async hang(drive: number): Promise<() => Promise<void>> {
    const identity = join(this.directories[drive] ?? assert.fail(), 'identity')
    await rm(identity)
    execFileSync('mkfifo', [identity])
    return async () => await (await open(identity, 'w')).close()
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
})
