/**
 * A group is the transactions that share one COMMIT, and so one fsync. What one of them throws undoes that one alone; for that
 * each would need a savepoint, which copies every page that it changes and costs a tenth of the thread's time. As most throw
 * nothing, all run without first. If one throws, nothing of them stays, and they run again, each in its savepoint.
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
    return commitTogether(engine, group) ?? commitApart(engine, group)
  } catch (error) {
    if (!isFull(error) && !isBusy(error)) throw error
    if (engine.isTransaction) engine.rollback()
    const why = isFull(error) ? 'the disk of the catalog is full' : 'another program is writing to the catalog'
    const thrown = new HoldfastError('catalog_unavailable', `${why}: nothing was changed`, { cause: error })
    return group.map(() => ({ thrown }))
  }
}

/** Undefined where one of them threw: then nothing is changed. */
function commitTogether(engine: SqliteEngine, group: readonly Start[]): Outcome[] | undefined {
  engine.begin()
  const outcomes: Outcome[] = []
  try {
    for (const start of group) outcomes.push({ value: engine.run(start()) })
  } catch (error) {
    if (!isOfOneTransaction(engine, error)) throw error
    engine.rollback()
    return undefined
  }
  engine.commit()
  return outcomes
}

function commitApart(engine: SqliteEngine, group: readonly Start[]): Outcome[] {
  engine.begin()
  const outcomes = group.map((start) => runInSavepoint(engine, start))
  engine.commit()
  return outcomes
}

function runInSavepoint(engine: SqliteEngine, start: Start): Outcome {
  engine.savepoint()
  try {
    const value = engine.run(start())
    engine.release()
    return { value }
  } catch (error) {
    if (!isOfOneTransaction(engine, error)) throw error
    engine.rollbackToSavepoint()
    return { thrown: error }
  }
}

/** After some errors (no room, no memory, a failing disk) SQLite has rolled back the neighbours too. */
function isOfOneTransaction(engine: SqliteEngine, error: unknown): boolean {
  return (!isSqliteError(error) || isOfOneStatement(error)) && engine.isTransaction
}
