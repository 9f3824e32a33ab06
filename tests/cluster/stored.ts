/**
 * What a stopped server left: its catalog and drives, opened without a server, so that what the nodes hold can be compared with
 * what the catalog names, and collection can be run at once instead of in its turn.
 */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { IdMaker, type StripeId } from '@holdfast/core/wire/ids.ts'
import { bytesIn, stripeIdIn } from '@holdfast/server/catalog/cells.ts'
import { unpackShards } from '@holdfast/server/catalog/packed-shards.ts'
import type { ShardRow } from '@holdfast/server/catalog/rows.ts'
import { SqliteCatalog } from '@holdfast/server/catalog/sqlite-catalog.ts'
import { query, type Transaction } from '@holdfast/server/catalog/transaction.ts'
import { loadCluster } from '@holdfast/server/catalog/transactions/create-cluster.ts'
import { endSessionsOf } from '@holdfast/server/catalog/transactions/end-session.ts'
import { CatalogAge } from '@holdfast/server/cluster/catalog-age.ts'
import { Reaper } from '@holdfast/server/cluster/reaper.ts'
import { Sessions } from '@holdfast/server/cluster/sessions.ts'
import { Drives } from '@holdfast/server/drives.ts'
import { systemClock as clock } from '@holdfast/server/seams/clock.ts'
import { FileDisk } from '@holdfast/server/seams/file-disk.ts'
import { systemRandom } from '@holdfast/server/seams/random.ts'
import type { ShardStore } from '@holdfast/server/storage/shard-store.ts'

const DRIVES = 5
const LISTED_AT_ONCE = 1000
/** Chunks go in one run, the stripes that they leave in the next. */
const RUNS_MAX = 5

interface StripeShards {
  readonly stripe: StripeId
  readonly shards: readonly ShardRow[]
}

const allStripes: Transaction<object, StripeShards[]> = {
  name: 'allStripes',
  *run() {
    const rows = yield* query('SELECT stripe_id, shards FROM stripes ORDER BY stripe_id')
    return rows.map((row) => ({
      stripe: stripeIdIn(row, 'stripe_id'),
      shards: unpackShards(bytesIn(row, 'shards')),
    }))
  },
}

export interface Difference {
  readonly shards: number
  readonly bytes: number
  /** On a node, and named by no stripe. */
  readonly debris: readonly string[]
  /** Named as durable, and not on its node. */
  readonly lacking: readonly string[]
}

export class Stored implements AsyncDisposable {
  readonly catalog: SqliteCatalog
  readonly drives: Drives
  readonly #reaper: Reaper
  readonly #resources: AsyncDisposableStack

  private constructor(catalog: SqliteCatalog, drives: Drives, reaper: Reaper, resources: AsyncDisposableStack) {
    this.catalog = catalog
    this.drives = drives
    this.#reaper = reaper
    this.#resources = resources
  }

  static async open(data: string): Promise<Stored> {
    await using resources = new AsyncDisposableStack()
    const fatal = (error: unknown): never => {
      throw error
    }
    const disk = new FileDisk(join(data, 'catalog'))
    const catalog = resources.use(
      await SqliteCatalog.open({
        directory: join(data, 'catalog'),
        syncDirectory: () => disk.syncDirectory('.'),
        freeBytes: async () => (await disk.space()).freeBytes,
        clock,
        fatal,
      }),
    )
    const cluster = catalog.read(loadCluster, {})
    assert(cluster !== null, 'the server had started')
    const ids = new IdMaker(
      () => clock.now(),
      (length) => systemRandom.bytes(length),
    )
    const places = Array.from({ length: DRIVES }, (_, index) => ({
      name: `drive-${index + 1}`,
      directory: join(data, 'nodes', String(index + 1)),
      zone: 'here',
    }))
    const makeDirectory = () => assert.fail('no drive is new')
    const warn = (sentence: string): void => {
      process.stderr.write(`${sentence}\n`)
    }
    const drives = resources.use(
      await Drives.open({
        catalog,
        cluster,
        age: new CatalogAge(cluster.sequence),
        clock,
        ids,
        places,
        makeDirectory,
        warn,
        fatal,
      }),
    )
    const gateway = ids.next()
    await catalog.write(endSessionsOf, { gateway })
    const sessions = resources.use(await Sessions.open(catalog, clock, ids, gateway))
    const reaper = new Reaper(catalog, drives.nodes, sessions, clock, cluster.lineage)
    return new Stored(catalog, drives, reaper, resources.move())
  }

  /** Collects until nothing is left to collect. */
  async collect(): Promise<void> {
    for (let run = 0; run < RUNS_MAX; run++) {
      const { chunks, pages, stripes, debris } = await this.#reaper.run()
      if (chunks + pages + stripes + debris === 0 && run > 0) return
    }
    assert.fail(`collection found something in each of ${RUNS_MAX} runs`)
  }

  stripes(): StripeShards[] {
    return this.catalog.read(allStripes, {})
  }

  /** Every shard on every node held against every stripe of the catalog. */
  async compare(): Promise<Difference> {
    const named = new Map<string, ShardRow>()
    for (const { stripe, shards } of this.stripes()) {
      for (const shard of shards) named.set(`${shard.node} ${stripe} ${shard.index}`, shard)
    }
    const there = new Set<string>()
    let bytes = 0
    for (const { number } of this.drives.nodes.all()) {
      for await (const { id, lengthBytes } of entriesOf(this.drives.nodes.store(number))) {
        there.add(`${number} ${id.stripe} ${id.index}`)
        bytes += lengthBytes
      }
    }
    const durable = [...named].filter(([, { state }]) => state === 'durable').map(([name]) => name)
    return {
      shards: there.size,
      bytes,
      debris: [...there].filter((name) => !named.has(name)),
      lacking: durable.filter((name) => !there.has(name)),
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#resources.disposeAsync()
  }
}

async function* entriesOf(store: ShardStore) {
  let page = await store.list({ limit: LISTED_AT_ONCE })
  for (;;) {
    yield* page
    const last = page.at(-1)
    if (last === undefined) return
    page = await store.list({ after: last.id, limit: LISTED_AT_ONCE })
  }
}
