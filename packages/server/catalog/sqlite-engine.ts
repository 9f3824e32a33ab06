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
import { isFull, isOfOneStatement, isSqliteError } from './sqlite-errors.ts'
import type { Row, Steps, Value } from './transaction.ts'

/** Lists of `?` come in many lengths; beyond this many texts the least recently used one is prepared again. */
const STATEMENTS_MAX = 500

const WRITER_CACHE_BYTES = 64 * 1024 * 1024
/** Another connection's commit empties a reader's cache, so the kernel's serves it; above this size only, reads are copies. */
const READER_MMAP_BYTES = 2 ** 31 - 65_536

export interface EngineOptions {
  readonly readOnly?: boolean
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
    const readOnly = options.readOnly ?? false
    // A wait for a lock would hold up the whole thread, and the catalog has one writer only.
    const database = new DatabaseSync(path, { readOnly, timeout: 0, enableForeignKeyConstraints: false })
    try {
      database.exec('PRAGMA temp_store = MEMORY')
      if (readOnly) database.exec(`PRAGMA query_only = 1; PRAGMA mmap_size = ${READER_MMAP_BYTES}`)
      else {
        // The checkpoint's time is chosen by `sqlite-checkpoint.ts`, never by the commit that happens to cross a line.
        database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 0')
        database.exec(`PRAGMA cache_size = ${-WRITER_CACHE_BYTES / 1024}`)
      }
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
    try {
      this.query('BEGIN')
      const result = this.run(steps)
      this.query('COMMIT')
      return result
    } catch (error) {
      if (this.isTransaction) this.rollback()
      if (!isSqliteError(error) || isOfOneStatement(error)) throw error
      throw new HoldfastError('catalog_unavailable', 'the catalog cannot be read', { cause: error })
    }
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

  /** How many pages the write-ahead log holds, and how many of these the database holds too. */
  logSize(): { logPages: number; copiedPages: number } {
    return this.#checkpoint('NOOP')
  }

  /** Copies as much as no reader keeps in the log, and syncs it; commits by other connections go on meanwhile. */
  checkpoint(): void {
    try {
      this.#checkpoint('PASSIVE')
    } catch (error) {
      // The log keeps what found no room in the database; a later checkpoint copies it.
      if (!isFull(error)) throw error
    }
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

  #checkpoint(mode: 'NOOP' | 'PASSIVE'): { logPages: number; copiedPages: number } {
    const [row] = this.query(`PRAGMA wal_checkpoint(${mode})`)
    return { logPages: Number(row?.['log']), copiedPages: Number(row?.['checkpointed']) }
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
      for (const oldest of this.#prepared.keys()) {
        this.#prepared.delete(oldest)
        break
      }
    }
    const prepared = { statement: this.#database.prepare(sql), placeholders: countPlaceholders(sql) }
    this.#prepared.set(sql, prepared)
    return prepared
  }
}

function bind(value: Value): string | bigint | Uint8Array | null {
  if (typeof value !== 'number') return value
  assert(Number.isSafeInteger(value), `the catalog keeps whole numbers, not ${value}`)
  return BigInt(value)
}
