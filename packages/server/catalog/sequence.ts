/**
 * The catalog's sequence: one row that grows. On PostgreSQL every transaction that raises it waits for the others, so only
 * those that order something on nodes do: opening a session, condemning, deleting.
 */
import { assert } from '@holdfast/core/wire/assert.ts'
import { numberIn } from './cells.ts'
import { query, type Steps } from './transaction.ts'

export function* nextSequence(): Steps<number> {
  const [row] = yield* query('UPDATE cluster SET sequence = sequence + 1 RETURNING sequence')
  assert(row !== undefined, 'the cluster exists')
  return numberIn(row, 'sequence')
}

export function* currentSequence(): Steps<number> {
  const [row] = yield* query('SELECT sequence FROM cluster')
  assert(row !== undefined, 'the cluster exists')
  return numberIn(row, 'sequence')
}
