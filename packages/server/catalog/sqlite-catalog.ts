/**
 * The embedded catalog: one SQLite database that one process uses. A worker thread commits in groups (`sqlite-group.ts`), a second
 * answers scans, a third moves pages out of the log (`sqlite-checkpoint.ts`); short reads run here, on the main thread,
 * because asking another costs more than answering.
 *
 *     write ──batch──▶ writer: BEGIN, the transactions, COMMIT (one fsync) ──answers──▶ resolve, reject
 *
 * `catalog.sqlite` lies in WAL mode with synchronous = FULL: COMMIT returns when the log is on the disk.
 */
import { join } from 'node:path'
import { HoldfastError } from '@holdfast/core/wire/errors.ts'
import type { Clock, Timer } from '../seams/clock.ts'
import type { Catalog } from './catalog.ts'
import { CheckpointSignal } from './sqlite-checkpoint.ts'
import { SqliteEngine } from './sqlite-engine.ts'
import { SqliteLock } from './sqlite-lock.ts'
import { SqliteThread } from './sqlite-thread.ts'
import type { Role } from './sqlite-threads.ts'
import type { Transaction } from './transaction.ts'

/** Room on the disk that writes leave alone: the log at its longest and what a checkpoint adds to the database. */
export const RESERVE_BYTES = 128 * 1024 * 1024
const SPACE_CHECK_MS = 1000

export interface SqliteCatalogOptions {
  /** The catalog's own directory, as an absolute path; it is there. */
  readonly directory: string
  /** Makes the names in that directory durable. */
  readonly syncDirectory: () => Promise<void>
  /** What the directory's disk has left. */
  readonly freeBytes: () => Promise<number>
  readonly clock: Clock
  /** Ends the process: a COMMIT failed or a thread died, and what is on the disk is for the next start to see. */
  readonly fatal: (error: unknown) => void
  /** The module that exports `transactions` by name; the threads load it for themselves. */
  readonly transactions?: URL
}

export class SqliteCatalog implements Catalog {
  readonly #options: SqliteCatalogOptions
  readonly #reader: SqliteEngine
  readonly #writer: SqliteThread
  readonly #scanner: SqliteThread
  readonly #resources: AsyncDisposableStack
  #isSharing = false
  #spaceCheck: Timer | undefined
  #freeBytes = Number.POSITIVE_INFINITY

  private constructor(
    options: SqliteCatalogOptions,
    reader: SqliteEngine,
    writer: SqliteThread,
    scanner: SqliteThread,
    resources: AsyncDisposableStack,
  ) {
    this.#options = options
    this.#reader = reader
    this.#writer = writer
    this.#scanner = scanner
    this.#resources = resources
  }

  /** @throws catalog_locked, format_unknown */
  static async open(options: SqliteCatalogOptions): Promise<SqliteCatalog> {
    // Disposed in the reverse order: the writer closes last, so that it empties the log, and then the lock is free.
    await using resources = new AsyncDisposableStack()
    resources.use(SqliteLock.take(join(options.directory, 'lock.sqlite')))
    const path = join(options.directory, 'catalog.sqlite')
    const transactions = (options.transactions ?? new URL('./transactions.ts', import.meta.url)).href
    const checkpoint = CheckpointSignal.memory()
    const start = async (role: Role): Promise<SqliteThread> =>
      resources.use(await SqliteThread.start({ role, path, transactions, checkpoint }, options.fatal))
    const writer = await start('writer')
    await options.syncDirectory()
    const scanner = await start('scanner')
    await start('checkpointer')
    resources.defer(() => new CheckpointSignal(checkpoint).stop())
    const reader = resources.use(SqliteEngine.open(path, { readOnly: true }))
    const catalog = new SqliteCatalog(options, reader, writer, scanner, resources.move())
    await catalog.#checkSpace()
    return catalog
  }

  write<Args, Result>(transaction: Transaction<Args, Result>, args: Args): Promise<Result> {
    if (this.#freeBytes < RESERVE_BYTES) return Promise.reject(noSpaceError(this.#freeBytes))
    return this.#writer.ask(transaction, args)
  }

  /**
   * What is read before the microtasks at hand are done shares a snapshot. The writer's answers come as events, each with microtasks
   * of its own: whoever has heard one reads what was committed.
   */
  read<Args, Result>(transaction: Transaction<Args, Result>, args: Args): Result {
    if (!this.#isSharing) {
      this.#isSharing = true
      queueMicrotask(() => {
        this.#isSharing = false
        this.#reader.endShared()
      })
    }
    return this.#reader.readShared(transaction.run(args))
  }

  scan<Args, Result>(transaction: Transaction<Args, Result>, args: Args): Promise<Result> {
    return this.#scanner.ask(transaction, args)
  }

  /** What was asked before is answered first. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#spaceCheck?.cancel()
    await this.#resources.disposeAsync()
  }

  async #checkSpace(): Promise<void> {
    this.#freeBytes = await this.#options.freeBytes()
    if (this.#resources.disposed) return
    this.#spaceCheck = this.#options.clock.after(SPACE_CHECK_MS, () => {
      this.#checkSpace().catch(this.#options.fatal)
    })
  }
}

function noSpaceError(freeBytes: number): HoldfastError {
  return new HoldfastError(
    'catalog_unavailable',
    `the disk of the catalog has ${freeBytes} bytes left and writes stop at ${RESERVE_BYTES}: make room on it`,
    { details: { freeBytes, reserveBytes: RESERVE_BYTES } },
  )
}
