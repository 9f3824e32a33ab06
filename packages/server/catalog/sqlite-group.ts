/**
 * A group is the transactions that share one COMMIT, and so one fsync. Each runs in a savepoint of its own: what it throws undoes
 * that one alone.
 *
 * No outcome, refusals and results of mere reads included, is known before the COMMIT has returned, because each was computed on what
 * its neighbours wrote. Therefore this is one function that returns them all, or throws, and then nobody may go on: whether
 * the group is on the disk is for the next start to see.
 */
import { HoldfastError } from '@holdfast/core/wire/errors.ts'
import type { SqliteEngine } from './sqlite-engine.ts'
import { isBusy, isFull, isOfOneStatement, isSqliteError } from './sqlite-errors.ts'
import type { Steps } from './transaction.ts'

/** More under one COMMIT save little of an fsync and let the first of them wait for the last. */
export const GROUP_MAX = 128

/** Begins a transaction's steps; it may throw like they may. */
export type Start = () => Steps<unknown>

export type Outcome = { readonly value: unknown } | { readonly thrown: unknown }

export function commitGroup(engine: SqliteEngine, group: readonly Start[]): Outcome[] {
  try {
    engine.begin()
    const outcomes = group.map((start) => runInSavepoint(engine, start))
    engine.commit()
    return outcomes
  } catch (error) {
    if (!isFull(error) && !isBusy(error)) throw error
    if (engine.isTransaction) engine.rollback()
    const why = isFull(error) ? 'the disk of the catalog is full' : 'another program is writing to the catalog'
    const thrown = new HoldfastError('catalog_unavailable', `${why}: nothing was changed`, { cause: error })
    return group.map(() => ({ thrown }))
  }
}

function runInSavepoint(engine: SqliteEngine, start: Start): Outcome {
  engine.savepoint()
  try {
    const value = engine.run(start())
    engine.release()
    return { value }
  } catch (error) {
    // After some errors (no room, no memory, a failing disk) SQLite has rolled back the neighbours too.
    if ((isSqliteError(error) && !isOfOneStatement(error)) || !engine.isTransaction) throw error
    engine.rollbackToSavepoint()
    return { thrown: error }
  }
}
