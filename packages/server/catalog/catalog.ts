/**
 * The seam to the one place where truth is decided. Drivers: SQLite on a worker thread, PostgreSQL, and the simulator's.
 */
import type { Transaction } from './transaction.ts'

export interface Catalog extends AsyncDisposable {
  /**
   * Resolves, or rejects with what the transaction threw, only after the COMMIT that holds it has returned. A transaction that
   * throws has changed nothing.
   * @throws catalog_unavailable
   */
  write<Args, Result>(transaction: Transaction<Args, Result>, args: Args): Promise<Result>
  /** A short read on its own read-only connection; may answer at once. It sees every write that has resolved. */
  read<Args, Result>(transaction: Transaction<Args, Result>, args: Args): Result | Promise<Result>
  /** A longer read that must not hold up the event loop. */
  scan<Args, Result>(transaction: Transaction<Args, Result>, args: Args): Promise<Result>
}
