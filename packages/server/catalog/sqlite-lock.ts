/**
 * One process per catalog. The lock is an open exclusive transaction on an empty database beside the catalog: the kernel drops it with
 * the process, however that ends, and no file has to be judged stale. Locking the catalog itself would shut out our own readers.
 *
 * The kernel also drops it when this process closes any other handle on the file: nothing but SQLite may open it.
 */
import { DatabaseSync } from 'node:sqlite'
import { HoldfastError } from '@holdfast/core/wire/errors.ts'
import { isBusy, isDamaged, refusalOf } from './sqlite-errors.ts'

export class SqliteLock implements Disposable {
  readonly #database: DatabaseSync

  private constructor(database: DatabaseSync) {
    this.#database = database
  }

  /** @throws catalog_locked */
  static take(path: string): SqliteLock {
    let database: DatabaseSync | undefined
    try {
      database = new DatabaseSync(path, { timeout: 0 })
      database.exec('BEGIN EXCLUSIVE')
    } catch (error) {
      database?.close()
      if (!isBusy(error)) throw lockRefusal(error, path)
      throw new HoldfastError('catalog_locked', `another process uses the catalog of ${path}: stop it first`, {
        cause: error,
      })
    }
    return new SqliteLock(database)
  }

  [Symbol.dispose](): void {
    this.#database.close()
  }
}

function lockRefusal(error: unknown, path: string): unknown {
  if (!isDamaged(error)) return refusalOf(error, path) ?? error
  return new HoldfastError('catalog_unavailable', `${path} is damaged. It holds nothing: remove it, and start again`, {
    cause: error,
  })
}
