/**
 * The catalog on a PostgreSQL server, for several gateways. Every write is SERIALIZABLE: where two collide, the server ends one and
 * its steps run again from the start. Reads see one snapshot, on connections that cannot write.
 *
 * The server's settings decide what COMMIT means, so each connection asks for `synchronous_commit`, and a server that never
 * syncs is refused.
 */
import { HoldfastError, hasCode } from '@holdfast/core/wire/errors.ts'
import { type ClientBase, Pool, type PoolClient } from 'pg'
import { type Clock, sleep } from '../seams/clock.ts'
import type { Random } from '../seams/random.ts'
import type { Catalog } from './catalog.ts'
import { postgresDialect } from './dialect.ts'
import { migrate } from './migrate.ts'
import { failureOf, isCollision, isCreatedTwice } from './postgres-errors.ts'
import { runTransaction, StatementTexts } from './postgres-transaction.ts'
import { valueTypes } from './postgres-values.ts'
import type { Steps, Transaction } from './transaction.ts'

const WRITERS_MAX = 16
const READERS_MAX = 8
/** Requests under way or waiting for a connection. */
const WAITING_MAX = 4096

/** With 16 writers on one row, each round lets one pass. */
const ATTEMPTS_MAX = 24
const BACKOFF_MS = 2
const BACKOFF_MS_MAX = 250

const CONNECT_MS_MAX = 5_000
const STATEMENT_MS_MAX = 10_000
/** The server gives up first; this one is for a server that has gone without a word. */
const ANSWER_MS_MAX = 12_000
/** A gateway that hangs in a transaction keeps its rows from the others no longer than this. */
const IDLE_IN_TRANSACTION_MS_MAX = 30_000

const BEGIN_WRITE = 'BEGIN ISOLATION LEVEL SERIALIZABLE'
const BEGIN_READ = 'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY'

export interface PostgresCatalogOptions {
  /** `postgres://user:password@host:port/database`; secret. */
  readonly url: string
  readonly clock: Clock
  readonly random: Random
}

export class PostgresCatalog implements Catalog {
  readonly #clock: Clock
  readonly #random: Random
  readonly #writers: Pool
  readonly #readers: Pool
  readonly #texts = new StatementTexts()
  readonly #underWay = new Set<Promise<unknown>>()
  #isClosing = false

  private constructor({ url, clock, random }: PostgresCatalogOptions) {
    this.#clock = clock
    this.#random = random
    this.#writers = openPool(url, WRITERS_MAX)
    this.#readers = openPool(url, READERS_MAX)
  }

  /** @throws catalog_unavailable, format_unknown */
  static async open(options: PostgresCatalogOptions): Promise<PostgresCatalog> {
    const catalog = new PostgresCatalog(options)
    try {
      await catalog.#migrate()
      return catalog
    } catch (error) {
      await catalog[Symbol.asyncDispose]()
      throw error
    }
  }

  write<Args, Result>(transaction: Transaction<Args, Result>, args: Args): Promise<Result> {
    return this.#take(() => this.#runUntilAlone(() => transaction.run(args), isCollision))
  }

  read<Args, Result>(transaction: Transaction<Args, Result>, args: Args): Promise<Result> {
    return this.#take(() => this.#runOnce(this.#readers, BEGIN_READ, transaction.run(args)))
  }

  scan<Args, Result>(transaction: Transaction<Args, Result>, args: Args): Promise<Result> {
    return this.read(transaction, args)
  }

  /** What was asked before is answered first: a pool that ends forgets who waits for it. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosing = true
    await Promise.allSettled(this.#underWay)
    await Promise.all([this.#writers.end(), this.#readers.end()])
  }

  #take<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.#isClosing) return Promise.reject(new HoldfastError('shutting_down', 'the catalog is being closed'))
    if (this.#underWay.size >= WAITING_MAX) {
      return Promise.reject(new HoldfastError('overloaded', `${WAITING_MAX} requests wait for the catalog already`))
    }
    const taken = work()
    const forget = (): boolean => this.#underWay.delete(taken)
    this.#underWay.add(taken)
    taken.then(forget, forget)
    return taken
  }

  async #migrate(): Promise<void> {
    // Two gateways may start on an empty database at once: to make a table that has just appeared is a collision here.
    await this.#runUntilAlone(
      () => migrate(postgresDialect),
      (error) => isCollision(error) || isCreatedTwice(error),
    )
  }

  async #runUntilAlone<Result>(start: () => Steps<Result>, collided: (error: unknown) => boolean): Promise<Result> {
    for (let attempt = 1; attempt <= ATTEMPTS_MAX; attempt++) {
      try {
        return await this.#runOnce(this.#writers, BEGIN_WRITE, start())
      } catch (error) {
        if (!collided(error)) throw error
      }
      const backoffMs = Math.min(BACKOFF_MS_MAX, BACKOFF_MS * 2 ** attempt)
      await sleep(this.#clock, backoffMs * this.#random.float())
    }
    throw new HoldfastError(
      'overloaded',
      `a transaction collided with others ${ATTEMPTS_MAX} times; nothing was changed`,
    )
  }

  async #runOnce<Result>(pool: Pool, begin: string, steps: Steps<Result>): Promise<Result> {
    const client = await connect(pool)
    let isClean = false
    try {
      const result = await runTransaction(client, this.#texts, begin, steps)
      isClean = true
      return result
    } catch (error) {
      isClean = !hasCode(error, 'catalog_unavailable') && (await isRolledBackNow(client))
      throw error
    } finally {
      client.release(!isClean)
    }
  }
}

function openPool(url: string, connectionsMax: number): Pool {
  const pool = new Pool({
    connectionString: url,
    max: connectionsMax,
    application_name: 'holdfast',
    types: valueTypes,
    keepAlive: true,
    connectionTimeoutMillis: CONNECT_MS_MAX,
    statement_timeout: STATEMENT_MS_MAX,
    query_timeout: ANSWER_MS_MAX,
    idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_MS_MAX,
    onConnect: requireDurableCommits,
  })
  // A lost connection is met by the statement that needs it; without a listener its event would end the process.
  pool.on('connect', (client) => client.on('error', () => {}))
  pool.on('error', () => {})
  return pool
}

async function requireDurableCommits(client: ClientBase): Promise<void> {
  await client.query('SET synchronous_commit = on')
  const { rows } = await client.query("SELECT current_setting('fsync', true) AS fsync")
  if (rows[0]?.fsync === 'off') {
    throw new HoldfastError(
      'catalog_unavailable',
      'the database runs with fsync = off and would lose what it confirmed: turn it on',
    )
  }
}

async function connect(pool: Pool): Promise<PoolClient> {
  try {
    return await pool.connect()
  } catch (error) {
    throw error instanceof HoldfastError ? error : failureOf(error)
  }
}

async function isRolledBackNow(client: PoolClient): Promise<boolean> {
  try {
    await client.query('ROLLBACK')
    return true
  } catch {
    return false
  }
}
