/**
 * One connection to one SQLite database, driven synchronously. It knows nothing of threads and groups: `sqlite-group.ts`
 * commits with it on the writer's thread, `sqlite-catalog.ts` reads with it, the simulator keeps two of them in memory.
 *
 * Integers are bound as integers, because node:sqlite binds every number as a floating one (`? / 2` of 5 would be 2.5 here and 2
 * on PostgreSQL); one that a number cannot hold exactly is refused in both directions.
 */
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { assert } from '@holdfast/core/wire/assert.ts'
import { HoldfastError } from '@holdfast/core/wire/errors.ts'
import { sqliteDialect } from './dialect.ts'
import { migrate } from './migrate.ts'
import { countPlaceholders } from './placeholders.ts'
import { isDamaged, isFull, isOfOneStatement, isSqliteError } from './sqlite-errors.ts'
import type { Row, Steps, Value } from './transaction.ts'

/** Lists of `?` come in many lengths; beyond this many texts the least recently used one is prepared again. */
const STATEMENTS_MAX = 500

/**
 * Each connection has a cache of its own. What does not fit costs a copy from the kernel's: with ten million files a lookup over four
 * tables takes 50 µs with 64 MiB and with 2, while a list of 1,000 prefixes, one leaf each, takes a fifth longer with 2.
 */
const CACHE_BYTES = 32 * 1024 * 1024
/** What the file of the write-ahead log is cut back to when it begins anew after a long read had held it. */
const LOG_FILE_BYTES = 64 * 1024 * 1024

export interface EngineOptions {
  readonly readOnly?: boolean
  readonly cacheBytes?: number
}

interface Prepared {
  readonly statement: StatementSync
  readonly placeholders: number
}

export class SqliteEngine implements Disposable {
  readonly #database: DatabaseSync
  readonly #prepared = new Map<string, Prepared>()

  private constructor(database: DatabaseSync) {
    this.#database = database
  }

  /** `path` is a file that may not be there yet (not so where `readOnly`), or `:memory:`. */
  static open(path: string, options: EngineOptions = {}): SqliteEngine {
    const { readOnly = false, cacheBytes = CACHE_BYTES } = options
    // A wait for a lock would hold up the whole thread, and the catalog has one writer only.
    const database = new DatabaseSync(path, { readOnly, timeout: 0, enableForeignKeyConstraints: false })
    try {
      // Not mapped into memory (measured: no faster), because a failing disk would then end the process by a signal.
      database.exec(`PRAGMA temp_store = MEMORY; PRAGMA cache_size = ${-cacheBytes / 1024}`)
      if (!readOnly) prepareForCommits(database)
    } catch (error) {
      database.close()
      throw error
    }
    return new SqliteEngine(database)
  }

  /** Brings the schema to the newest known. @throws format_unknown */
  migrate(): void {
    this.begin()
    try {
      this.run(migrate(sqliteDialect))
      this.commit()
    } catch (error) {
      if (this.isTransaction) this.rollback()
      throw error
    }
  }

  /** Drives a transaction's steps to their end, within whatever transaction is open. What a statement throws, it throws. */
  run<Result>(steps: Steps<Result>): Result {
    let step = steps.next([])
    while (!step.done) step = steps.next(this.query(step.value.sql, step.value.args))
    return step.value
  }

  query(sql: string, args: readonly Value[] = []): Row[] {
    const { statement, placeholders } = this.#prepare(sql)
    assert(args.length === placeholders, `${placeholders} arguments belong to ${sql}, not ${args.length}`)
    const rows = args.length === 0 ? statement.all() : statement.all(...args.map(bind))
    // node:sqlite throws on an integer beyond the safe ones, so a column is one of Value's four kinds.
    return rows as Row[]
  }

  /** Runs a transaction that only reads, on one snapshot of what is committed. @throws catalog_unavailable */
  read<Result>(steps: Steps<Result>): Result {
    const result = this.readShared(steps)
    this.endShared()
    return result
  }

  /** As `read`; what is read until `endShared` is read on one snapshot, whose begin and end cost as much as a short read. */
  readShared<Result>(steps: Steps<Result>): Result {
    try {
      if (!this.isTransaction) this.query('BEGIN')
      return this.run(steps)
    } catch (error) {
      if (this.isTransaction) this.rollback()
      if (!isSqliteError(error) || isOfOneStatement(error)) throw error
      const why = isDamaged(error) ? 'is damaged: put it back from a backup' : 'cannot be read'
      throw new HoldfastError('catalog_unavailable', `the catalog ${why}`, { cause: error })
    }
  }

  endShared(): void {
    if (this.#database.isOpen && this.isTransaction) this.query('COMMIT')
  }

  begin(): void {
    this.query('BEGIN IMMEDIATE')
  }

  /** Returns when everything since `begin` is on disk. */
  commit(): void {
    this.query('COMMIT')
  }

  rollback(): void {
    this.query('ROLLBACK')
  }

  savepoint(): void {
    this.query('SAVEPOINT one')
  }

  release(): void {
    this.query('RELEASE one')
  }

  rollbackToSavepoint(): void {
    this.query('ROLLBACK TO one')
    this.query('RELEASE one')
  }

  /**
   * For a start: moves what the log holds into the database and begins it anew. After a sync that failed, pages of the log may be in
   * the kernel's cache and never on the disk; commits behind them would go with them in a power cut. This writes them afresh.
   * @throws catalog_locked
   */
  restartLog(): void {
    if (this.#checkpoint('RESTART').isBusy) {
      throw new HoldfastError('catalog_locked', 'another program reads the catalog: stop it first')
    }
  }

  /** How many pages the write-ahead log holds, and how many of these the database holds too. */
  logSize(): { logPages: number; copiedPages: number } {
    return this.#checkpoint('NOOP')
  }

  /** Copies as much as no reader keeps in the log, and syncs it; commits by other connections go on meanwhile. */
  checkpoint(): void {
    this.#checkpoint('PASSIVE')
  }

  /** False also after an error that made SQLite roll back on its own. */
  get isTransaction(): boolean {
    return this.#database.isTransaction
  }

  serialize(): Uint8Array {
    return this.#database.serialize()
  }

  deserialize(image: Uint8Array): void {
    this.#prepared.clear()
    this.#database.deserialize(image)
  }

  [Symbol.dispose](): void {
    this.#prepared.clear()
    this.#database.close()
  }

  #checkpoint(mode: 'NOOP' | 'PASSIVE' | 'RESTART'): { isBusy: boolean; logPages: number; copiedPages: number } {
    try {
      const [row] = this.query(`PRAGMA wal_checkpoint(${mode})`)
      return { isBusy: row?.['busy'] !== 0, logPages: Number(row?.['log']), copiedPages: Number(row?.['checkpointed']) }
    } catch (error) {
      // What finds no room in the database stays in the log until there is some.
      if (!isFull(error)) throw error
      return { isBusy: false, logPages: 0, copiedPages: 0 }
    }
  }

  #prepare(sql: string): Prepared {
    const known = this.#prepared.get(sql)
    if (known !== undefined) {
      // A map keeps the order of insertion: putting it back makes it the newest.
      this.#prepared.delete(sql)
      this.#prepared.set(sql, known)
      return known
    }
    if (this.#prepared.size >= STATEMENTS_MAX) {
      const [oldest = ''] = this.#prepared.keys()
      this.#prepared.delete(oldest)
    }
    const prepared = { statement: this.#database.prepare(sql), placeholders: countPlaceholders(sql) }
    this.#prepared.set(sql, prepared)
    return prepared
  }
}

function prepareForCommits(database: DatabaseSync): void {
  // SQLite answers with the mode that it could have, which on some network file systems is another.
  const mode = database.prepare('PRAGMA journal_mode = WAL').get()?.['journal_mode']
  assert(
    mode === 'wal' || mode === 'memory',
    `the catalog needs a write-ahead log, and its file system allows ${mode} only`,
  )
  // The checkpoint's time is chosen by `sqlite-checkpoint.ts`, never by the commit that happens to cross a line.
  database.exec('PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 0')
  database.exec(`PRAGMA journal_size_limit = ${LOG_FILE_BYTES}`)
}

function bind(value: Value): string | bigint | Uint8Array | null {
  if (typeof value !== 'number') return value
  assert(Number.isSafeInteger(value), `the catalog keeps whole numbers, not ${value}`)
  return BigInt(value)
}
