/**
 * A catalog in memory for tests of its transactions, with one bucket and ids that are the same in every run. Every statement
 * may be counted, changed or kept from the database, by which a test switches a rule off.
 */
import { createHash } from 'node:crypto'
import {
  asChunkId,
  asSha256,
  type ChunkId,
  type Id,
  IdMaker,
  type Sha256,
  stripeIdOf,
} from '@holdfast/core/wire/ids.ts'
import { type ChunkEntry, encodeEntries, pageIdOf } from './page-list.ts'
import type { OfferedPage } from './references.ts'
import type { Change, ChunkPlace, NewStripe, ShardState } from './rows.ts'
import { SqliteEngine } from './sqlite-engine.ts'
import type { Row, Statement, Transaction } from './transaction.ts'
import { commitStripe } from './transactions/commit-stripe.ts'
import { type CommitVersionArgs, type CommitVersionResult, commitVersion } from './transactions/commit-version.ts'
import { createBucket } from './transactions/create-bucket.ts'
import { createCluster } from './transactions/create-cluster.ts'
import { openSession } from './transactions/open-session.ts'

export interface Asked {
  readonly transaction: string
  readonly statement: Statement
  readonly ask: (statement: Statement) => Row[]
}

/** Answers a statement's rows, usually by asking the database. */
export type Interceptor = (asked: Asked) => Row[]

export interface OpenedSession {
  readonly session: Id
  readonly sequence: number
}

/** A session, the chunks of a stripe, and what may differ from a healthy 3+2. */
export interface StripeRequest {
  readonly session: OpenedSession
  readonly chunks: readonly ChunkId[]
  readonly states?: readonly ShardState[]
}

const CHUNK_PLAIN_BYTES = 4096
const HEALTHY: readonly ShardState[] = ['durable', 'durable', 'durable', 'durable', 'durable']

export class TestCatalog implements Disposable {
  readonly engine: SqliteEngine
  readonly ids: IdMaker
  readonly gateway: Id
  readonly bucket: Id
  intercept: Interceptor = ({ statement, ask }) => ask(statement)
  nowMs = 1_000_000
  #stripes = 0
  #randoms = 0

  constructor(path = ':memory:') {
    this.engine = SqliteEngine.open(path)
    this.engine.migrate()
    this.ids = new IdMaker(
      () => this.nowMs,
      (length) =>
        createHash('sha256')
          .update(String(this.#randoms++))
          .digest()
          .subarray(0, length),
    )
    this.gateway = this.ids.next()
    this.bucket = this.ids.next()
    const nothing = new Uint8Array(0)
    const lineage = this.ids.next()
    const cluster = { clusterId: this.ids.next(), lineage, recoveryPublicKey: nothing, sealedHeader: nothing }
    this.run(createCluster, { ...cluster, nowMs: this.nowMs })
    this.makeBucket('default', this.bucket)
  }

  [Symbol.dispose](): void {
    this.engine[Symbol.dispose]()
  }

  run<Args, Result>(transaction: Transaction<Args, Result>, args: Args): Result {
    this.engine.begin()
    try {
      const steps = transaction.run(args)
      const ask = (statement: Statement): Row[] => this.engine.query(statement.sql, statement.args)
      let step = steps.next([])
      while (!step.done)
        step = steps.next(this.intercept({ transaction: transaction.name, statement: step.value, ask }))
      this.engine.commit()
      return step.value
    } catch (error) {
      if (this.engine.isTransaction) this.engine.rollback()
      throw error
    }
  }

  /** What `run` asked while `work` ran. */
  statementsOf(work: () => void): string[] {
    const texts: string[] = []
    const before = this.intercept
    this.intercept = (asked) => {
      texts.push(asked.statement.sql)
      return before(asked)
    }
    work()
    this.intercept = before
    return texts
  }

  makeBucket(name: string, bucket = this.ids.next(), policy = '{}'): { created: boolean } {
    const keys = { wrappedIdKey: Uint8Array.of(1), wrappedKey: Uint8Array.of(2) }
    return this.run(createBucket, { bucket, name, policy, writeQuorum: 4, ...keys, change: this.change() })
  }

  change(): Change {
    return { changeId: this.ids.next(), atMs: this.nowMs, actor: 'admin', requestId: 'request' }
  }

  openSession(gateway = this.gateway, leaseMs = 60_000): OpenedSession {
    const session = this.ids.nextSession()
    return { session, ...this.run(openSession, { session, gateway, nowMs: this.nowMs, leaseMs }) }
  }

  stripe({ session, chunks, states = HEALTHY }: StripeRequest): { stripe: NewStripe; places: ChunkPlace[] } {
    const stripe = stripeIdOf(session.session, (this.#stripes++ % 1000) + 1)
    const { sequence } = session
    const shards = states.map((state, index) => {
      return { node: index + 1, state, index, verifiedDay: 0, sequence, sha256: hashOf(stripe + index) }
    })
    const places = chunks.map((chunk, index) => ({
      chunk,
      stripe,
      place: index * (CHUNK_PLAIN_BYTES + 16),
      storedBytes: CHUNK_PLAIN_BYTES + 16,
      plainBytes: CHUNK_PLAIN_BYTES,
      nonce: new Uint8Array(12),
      suite: 1,
      codec: 0,
      keyEpoch: 1,
    }))
    const [bucket, dataShards, parityShards, shardBytes, createdAt] = [this.bucket, 3, 2, 65_536, this.nowMs]
    return { stripe: { stripe, bucket, dataShards, parityShards, shardBytes, sequence, shards, createdAt }, places }
  }

  commitStripe(request: StripeRequest): { lost: ChunkId[]; stripe: NewStripe } {
    const made = this.stripe(request)
    return { ...this.run(commitStripe, { session: request.session.session, ...made }), stripe: made.stripe }
  }

  /** The arguments of a version commit, of a lone chunk unless pages are given. */
  version(path: string, given: Partial<CommitVersionArgs>): CommitVersionArgs {
    const pages = given.pages ?? null
    const chunk = given.chunk ?? null
    const size = pages?.reduce((sum, page) => sum + page.plainBytes, 0) ?? (chunk === null ? 0 : CHUNK_PLAIN_BYTES)
    return {
      sessions: [],
      bucket: this.bucket,
      path,
      newFile: this.ids.next(),
      version: this.ids.next(),
      size,
      sha256: hashOf(path),
      contentType: 'text/plain',
      strategy: 'direct',
      modifiedAt: this.nowMs,
      author: null,
      actorClock: this.gateway,
      versionsKept: 100,
      preconditions: {},
      change: this.change(),
      ...given,
      chunk,
      pages,
    }
  }

  commitVersion(path: string, given: Partial<CommitVersionArgs>): CommitVersionResult {
    return this.run(commitVersion, this.version(path, given))
  }

  /** Stores a file of one chunk in a stripe of its own. */
  put(path: string, chunk: ChunkId, given: Partial<CommitVersionArgs> = {}): CommitVersionResult {
    const session = this.openSession()
    this.commitStripe({ session, chunks: [chunk] })
    return this.commitVersion(path, { sessions: [session.session], chunk, ...given })
  }

  /** The only number that `sql` answers. */
  count(sql: string): number {
    return Number(Object.values(this.engine.query(sql)[0] ?? {})[0])
  }
}

export function hashOf(text: string): Sha256 {
  return asSha256(createHash('sha256').update(text).digest('hex'))
}

export function chunkNamed(text: string): ChunkId {
  return asChunkId(hashOf(`chunk ${text}`))
}

export function pageOf(chunks: readonly ChunkId[]): OfferedPage & { readonly entries: Uint8Array } {
  const list: ChunkEntry[] = chunks.map((chunk) => ({ chunk, plainBytes: CHUNK_PLAIN_BYTES }))
  const entries = encodeEntries(list)
  return { page: pageIdOf(entries), entries, count: list.length, plainBytes: list.length * CHUNK_PLAIN_BYTES }
}
