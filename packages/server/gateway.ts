/**
 * Builds a gateway from its seams, the lowest floor first. The program hands in real ones, the simulator its own; what a gateway is
 * stands here once.
 */
import { HoldfastError } from '@holdfast/core/wire/errors.ts'
import type { Id, IdMaker } from '@holdfast/core/wire/ids.ts'
import type { Catalog } from './catalog/catalog.ts'
import type { ClusterRow } from './catalog/rows.ts'
import { endSessionsOf } from './catalog/transactions/end-session.ts'
import { shardsDamaged } from './catalog/transactions/shards-damaged.ts'
import { CatalogAge, CurrentCatalog } from './cluster/catalog-age.ts'
import { ClusterHealth } from './cluster/health.ts'
import type { Nodes } from './cluster/nodes.ts'
import { StripeReader } from './cluster/read-stripe.ts'
import { Reaper } from './cluster/reaper.ts'
import { type Alarm, Recounting } from './cluster/recounting.ts'
import { Sessions } from './cluster/sessions.ts'
import { StripesOut } from './cluster/stripes-out.ts'
import { Tally } from './cluster/tally.ts'
import { StripeWriter } from './cluster/write-stripe.ts'
import type { Compute } from './compute/compute.ts'
import { Buckets, DEFAULT_BUCKET } from './files/buckets.ts'
import { Downloads } from './files/downloads.ts'
import { IdempotencyKeys } from './files/idempotency-keys.ts'
import type { MasterKeys } from './files/keys/master-keys.ts'
import { KnownChunks } from './files/known-chunks.ts'
import { Names } from './files/names.ts'
import { Packer } from './files/packer.ts'
import { ChunkReader } from './files/read-chunk.ts'
import { SmallBodies } from './files/small-bodies.ts'
import { StreamedBodies } from './files/streamed-bodies.ts'
import { Uploads } from './files/uploads.ts'
import type { Clock } from './seams/clock.ts'
import type { Random } from './seams/random.ts'

export interface GatewayOptions {
  readonly cluster: ClusterRow
  /** Of this process, new at each start. */
  readonly gateway: Id
  readonly catalog: Catalog
  /** By default the catalog counts as the newest. */
  readonly age?: CatalogAge
  readonly nodes: Nodes
  readonly compute: Compute
  readonly masterKeys: MasterKeys
  readonly clock: Clock
  readonly random: Random
  readonly ids: IdMaker
  readonly alarm: Alarm
  /** How many dead sessions are kept in mind for nodes that are away; by default 10,000. */
  readonly deadSessionsMax?: number
}

export class Gateway implements AsyncDisposable {
  readonly buckets: Buckets
  readonly names: Names
  readonly uploads: Uploads
  readonly downloads: Downloads
  readonly cluster: ClusterHealth
  readonly reaper: Reaper
  readonly recounting: Recounting
  readonly tally = new Tally()
  readonly #sessions: Sessions

  private constructor(options: GatewayOptions & { readonly age: CatalogAge }, sessions: Sessions) {
    const { catalog, nodes, compute, clock, random, ids, cluster, masterKeys, age, alarm } = options
    this.#sessions = sessions
    const stripes = new StripesOut(
      catalog,
      sessions,
      new StripeWriter(nodes, clock, random),
      clock,
      cluster.lineage,
      age,
    )
    const reader = new StripeReader(nodes, compute, clock, ({ stripe }, { index, node }, state) => {
      this.tally.noteDamage(node, state)
      // The mark is a help for whoever repairs; reading goes on without it.
      catalog.write(shardsDamaged, { stripe, indexes: [index], node, state }).catch(() => {})
    })
    const buckets = new Buckets(catalog, masterKeys, nodes, { clock, ids, random })
    const keys = new IdempotencyKeys(catalog, clock)
    const known = new KnownChunks(catalog, nodes)
    const small = new SmallBodies(known, compute, new Packer(compute, stripes, clock))
    const streamed = new StreamedBodies({ catalog, known, compute, stripes, clock })
    this.buckets = buckets
    this.names = new Names(catalog, { buckets, sessions, keys }, { clock, ids })
    this.uploads = new Uploads(catalog, { buckets, sessions, small, streamed, keys }, { clock, ids })
    this.downloads = new Downloads(catalog, buckets, sessions, new ChunkReader(catalog, reader, compute), clock)
    this.cluster = new ClusterHealth(catalog, nodes, this.tally, age)
    this.reaper = new Reaper(catalog, nodes, sessions, clock, cluster.lineage, options.deadSessionsMax)
    this.recounting = new Recounting(catalog, this.tally, alarm)
  }

  static async open(options: GatewayOptions): Promise<Gateway> {
    const { clock, ids, gateway, age = new CatalogAge(0) } = options
    const catalog = new CurrentCatalog(options.catalog, age)
    const open = async () =>
      new Gateway({ ...options, catalog, age }, await Sessions.open(catalog, clock, ids, gateway))
    if (age.isBehind) return await open()
    // The embedded catalog has one gateway at a time, so whatever another one had open ended with it.
    await catalog.write(endSessionsOf, { gateway })
    const opened = await open()
    await opened.#makeDefaultBucket()
    return opened
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#sessions[Symbol.asyncDispose]()
  }

  async #makeDefaultBucket(): Promise<void> {
    try {
      await this.buckets.get(DEFAULT_BUCKET)
    } catch (error) {
      if (!(error instanceof HoldfastError && error.code === 'bucket_not_found')) throw error
      await this.buckets.create(DEFAULT_BUCKET, {}, { principal: 'system', requestId: 'start' })
    }
  }
}
