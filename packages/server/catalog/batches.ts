/**
 * Statements that name many rows at once, which PostgreSQL answers in one round trip. Their lengths are powers of two, so
 * that few texts are ever prepared.
 */
import { query, type Row, type Steps, type Value } from './transaction.ts'

/** Far below the arguments that either engine takes, and no text grows beyond some kilobytes. */
const BATCH_ROWS_MAX = 256

export function* batches<T>(items: readonly T[]): Generator<readonly T[]> {
  let at = 0
  for (let size = BATCH_ROWS_MAX; at < items.length; size /= 2) {
    for (; items.length - at >= size; at += size) yield items.slice(at, at + size)
  }
}

/** `?, ?, ?` for a list behind IN. */
export function marks(count: number): string {
  return Array(count).fill('?').join(', ')
}

/** `before` begins with INSERT INTO and names the columns, `after` is what follows the values. Returns what RETURNING gave. */
export function* insertRows(before: string, rows: readonly (readonly Value[])[], after = ''): Steps<Row[]> {
  const returned: Row[] = []
  for (const batch of batches(rows)) {
    const tuples = batch.map((row) => `(${marks(row.length)})`).join(', ')
    returned.push(...(yield* query(`${before} VALUES ${tuples} ${after}`, ...batch.flat())))
  }
  return returned
}

/** Runs `before (?, …) after` over `keys`; `first` are the arguments that stand before them. */
export function* queryByKeys(
  before: string,
  first: readonly Value[],
  keys: readonly Uint8Array[],
  after = '',
): Steps<Row[]> {
  const returned: Row[] = []
  for (const batch of batches(keys)) {
    returned.push(...(yield* query(`${before} (${marks(batch.length)}) ${after}`, ...first, ...batch)))
  }
  return returned
}
