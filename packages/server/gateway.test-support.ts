/** A whole gateway over nodes in memory, whose faults a test commands, and a catalog in memory. */
import assert from 'node:assert/strict'
import { HoldfastError } from '@holdfast/core/wire/errors.ts'
import { IdMaker } from '@holdfast/core/wire/ids.ts'
import type { PolicyRequest } from '@holdfast/core/wire/policy.ts'
import type { Catalog } from './catalog/catalog.ts'
import { SqliteEngine } from './catalog/sqlite-engine.ts'
import type { Transaction } from './catalog/transaction.ts'
import { createCluster } from './catalog/transactions/create-cluster.ts'
import { nodeStarted } from './catalog/transactions/node-started.ts'
import type { CatalogAge } from './cluster/catalog-age.ts'
import { Nodes } from './cluster/nodes.ts'
import { TimelyStore } from './cluster/timely-store.ts'
import type { Compute } from './compute/compute.ts'
import { InlineCompute } from './compute/inline-compute.ts'
import { MasterKeys, makeMasterKey } from './files/keys/master-keys.ts'
import type { UploadRequest } from './files/uploads.ts'
import { Gateway } from './gateway.ts'
import { type Clock, systemClock } from './seams/clock.ts'
import type { ManualClock } from './seams/manual-clock.test-support.ts'
import { systemRandom } from './seams/random.ts'
import { FaultyStore } from './storage/faulty-store.ts'
import { MemoryStore } from './storage/memory-store.ts'
import type { ShardStore } from './storage/shard-store.ts'

const MiB = 1024 * 1024
const STEP_MS = 10
const STEPS_MAX = 10_000
const TURNS_MAX = 100_000
export const tester = { principal: 'tester', requestId: 'test' }

/** Every transaction on its own, on the calling thread. */
class DirectCatalog implements Catalog {
  readonly engine = SqliteEngine.open(':memory:')

  constructor() {
    this.engine.migrate()
  }

  async write<Args, Result>(transaction: Transaction<Args, Result>, args: Args): Promise<Result> {
    this.engine.begin()
    try {
      const result = this.engine.run(transaction.run(args))
      this.engine.commit()
      return result
    } catch (error) {
      this.engine.rollback()
      throw error
    }
  }

  read<Args, Result>(transaction: Transaction<Args, Result>, args: Args): Result {
    return this.engine.run(transaction.run(args))
  }

  async scan<Args, Result>(transaction: Transaction<Args, Result>, args: Args): Promise<Result> {
    return this.read(transaction, args)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.engine[Symbol.dispose]()
  }
}

export class TestGateway implements AsyncDisposable {
  readonly gateway: Gateway
  readonly catalog: DirectCatalog
  readonly nodes: Nodes
  readonly compute: Compute
  readonly stores: readonly FaultyStore[]
  readonly memories: readonly MemoryStore[]

  private constructor(parts: Pick<TestGateway, 'gateway' | 'catalog' | 'nodes' | 'compute' | 'stores' | 'memories'>) {
    this.gateway = parts.gateway
    this.catalog = parts.catalog
    this.nodes = parts.nodes
    this.compute = parts.compute
    this.stores = parts.stores
    this.memories = parts.memories
  }

  static async open(
    options: { nodes?: number; clock?: Clock; budgetBytes?: number; age?: CatalogAge } = {},
  ): Promise<TestGateway> {
    const { nodes: count = 5, clock = systemClock, budgetBytes = 96 * MiB, age } = options
    const random = systemRandom
    const ids = new IdMaker(
      () => clock.now(),
      (length) => random.bytes(length),
    )
    const catalog = new DirectCatalog()
    const cluster = await catalog.write(createCluster, {
      clusterId: ids.next(),
      lineage: ids.next(),
      recoveryPublicKey: new Uint8Array(32),
      sealedHeader: new Uint8Array(1),
      nowMs: clock.now(),
    })
    const stores = new Map<number, ShardStore>()
    const transport = {
      link(number: number): ShardStore {
        const store = stores.get(number)
        if (store === undefined) throw new Error(`no node ${number}`)
        return store
      },
    }
    const nodes = new Nodes(transport, () => {})
    const memories: MemoryStore[] = []
    const faulty: FaultyStore[] = []
    for (let i = 0; i < count; i++) {
      const who = { node: ids.next(), disk: ids.next() }
      const memory = new MemoryStore({ ...who, lineage: cluster.lineage, capacityBytes: 1024 * MiB })
      const at = { zone: `zone-${i}`, name: `drive-${i}`, capacityBytes: 1024 * MiB, freeBytes: 1024 * MiB }
      const { number } = await catalog.write(nodeStarted, {
        ...who,
        ...at,
        starts: 1,
        start: ids.next(),
        segmentEnds: [],
        nowMs: clock.now(),
      })
      memories.push(memory)
      const store = new FaultyStore(memory)
      faulty.push(store)
      stores.set(number, new TimelyStore(store, clock))
      nodes.add({ ...at, number, id: who.node, region: 'here', weight: 1, state: 'online', writable: true })
    }
    const compute = await InlineCompute.open(random, budgetBytes)
    const gateway = await Gateway.open({
      ...{ cluster, gateway: ids.next(), catalog, nodes, compute, clock, random, ids },
      ...(age !== undefined && { age }),
      masterKeys: new MasterKeys([makeMasterKey(random, ids)], random),
      alarm: (sentence) => assert.fail(sentence),
    })
    return new TestGateway({ gateway, catalog, nodes, compute, stores: faulty, memories })
  }

  async bucket(name: string, policy: PolicyRequest): Promise<void> {
    await this.gateway.buckets.create(name, policy, tester)
  }

  put(path: string, body: UploadRequest['body'], more: Partial<UploadRequest> = {}) {
    return this.gateway.uploads.put({
      bucket: 'default',
      path,
      body,
      lengthBytes: body instanceof Uint8Array ? body.length : undefined,
      contentType: undefined,
      strategy: undefined,
      expectedSha256: undefined,
      modifiedAt: undefined,
      preconditions: {},
      idempotencyKey: undefined,
      idempotencyScope: `PUT ${path}`,
      requester: tester,
      signal: new AbortController().signal,
      ...more,
    })
  }

  async get(path: string, range?: { offset: number; length: number }, bucket = 'default'): Promise<Buffer> {
    const open = await this.gateway.downloads.open({ bucket, path })
    const pieces: Uint8Array[] = []
    for await (const piece of open.read(range, new AbortController().signal)) pieces.push(piece)
    return Buffer.concat(pieces)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.gateway[Symbol.asyncDispose]()
    await this.catalog[Symbol.asyncDispose]()
  }
}

/** A body that arrives in pieces, which are the taker's. */
export async function* pieces(bytes: Uint8Array, pieceBytes = 50_000): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += pieceBytes) yield new Uint8Array(bytes.subarray(at, at + pieceBytes))
}

/** Says whether what was thrown is the refusal of this code. */
export function refusal(code: string) {
  return (error: unknown): boolean => error instanceof HoldfastError && error.code === code
}

/** Waits in turns for what takes none of a clock's time. */
export async function turnsUntil(isSo: () => boolean): Promise<void> {
  for (let turn = 0; turn < TURNS_MAX && !isSo(); turn++) await new Promise(setImmediate)
  assert.ok(isSo(), 'what was waited for came')
}

/** Lets the time go by as fast as what waits for it. */
export async function advanceUntil(clock: ManualClock, done: Promise<unknown>): Promise<void> {
  let isDone = false
  const watched = done.finally(() => {
    isDone = true
  })
  watched.catch(() => {})
  for (let step = 0; !isDone && step < STEPS_MAX; step++) {
    await new Promise(setImmediate)
    clock.advance(STEP_MS)
  }
  assert.ok(isDone, 'what was waited for came')
  await watched
}
