/**
 * Statements that name many rows at once, which PostgreSQL answers in one round trip. They are split into lengths that are powers
 * of two, so that few texts are ever prepared, and each text is made once: to build and hash one costs as much as to run it.
 */
import { query, type Row, type Steps, type Value } from './transaction.ts'

/** Far below the arguments that either engine takes, and no text grows beyond some kilobytes. */
const BATCH_ROWS_MAX = 256

function* batches<T>(items: readonly T[]): Generator<readonly T[]> {
  let at = 0
  for (let size = BATCH_ROWS_MAX; at < items.length; size /= 2) {
    for (; items.length - at >= size; at += size) yield items.slice(at, at + size)
  }
}

/** `?, ?, ?` for a list behind IN. */
export function marks(count: number): string {
  return Array(count).fill('?').join(', ')
}

/** `before (?, …) after`, run over any number of keys; `first` are the arguments that stand before them. */
export function byKeys(
  before: string,
  after = '',
): (first: readonly Value[], keys: readonly Uint8Array[]) => Steps<Row[]> {
  const textOf = onceEach((length) => `${before} (${marks(length)}) ${after}`)
  return function* run(first, keys) {
    const returned: Row[] = []
    for (const batch of batches(keys)) returned.push(...(yield* query(textOf(batch.length), ...first, ...batch)))
    return returned
  }
}

/** `before VALUES (?, …), … after`, run over any number of rows; `before` names the columns. */
export function inserting(before: string, after = ''): (rows: readonly (readonly Value[])[]) => Steps<Row[]> {
  const columns = before.split(',').length
  const textOf = onceEach((length) => {
    const tuples = Array(length)
      .fill(`(${marks(columns)})`)
      .join(', ')
    return `${before} VALUES ${tuples} ${after}`
  })
  return function* run(rows) {
    const returned: Row[] = []
    for (const batch of batches(rows)) returned.push(...(yield* query(textOf(batch.length), ...batch.flat())))
    return returned
  }
}

/** Up to here a limit is spelt out. */
const SPELT_OUT_MAX = 16

/**
 * `select LIMIT n`. SQLite plans a statement anew each time that the argument of its LIMIT is bound, which costs more than to
 * read some rows; larger limits, which come in many sizes, are arguments all the same.
 */
export function limited(select: string): (args: readonly Value[], limit: number) => Steps<Row[]> {
  const textOf = onceEach((limit) => `${select} LIMIT ${limit}`)
  const text = `${select} LIMIT ?`
  return (args, limit) => (limit <= SPELT_OUT_MAX ? query(textOf(limit), ...args) : query(text, ...args, limit))
}

/** Keeps what was made for each number. */
export function onceEach(make: (count: number) => string): (count: number) => string {
  const made = new Map<number, string>()
  return (count) => {
    const known = made.get(count)
    if (known !== undefined) return known
    const text = make(count)
    made.set(count, text)
    return text
  }
}
