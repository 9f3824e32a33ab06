/**
 * The schema is a row of numbered migrations. Each has run once, in the order of the numbers, and all that are missing run in one
 * transaction: a catalog is at one number or at another, never between.
 */
import { HoldfastError } from '@holdfast/core/wire/errors.ts'
import type { Dialect, Migration } from './dialect.ts'
import { ground } from './migrations/0001-ground.ts'
import { query, type Steps } from './transaction.ts'

export const MIGRATIONS: readonly Migration[] = [ground]

/**
 * Returns how many ran.
 * @throws format_unknown where a newer Holdfast, or another program, has changed the schema
 */
export function* migrate(dialect: Dialect, known: readonly Migration[] = MIGRATIONS): Steps<number> {
  yield* query(
    `CREATE TABLE IF NOT EXISTS migrations (number ${dialect.integer} PRIMARY KEY, name TEXT NOT NULL) ${dialect.heap}`,
  )
  const done = yield* query('SELECT number, name FROM migrations ORDER BY number')
  for (const [index, row] of done.entries()) {
    const migration = known[index]
    if (row['number'] !== migration?.number || row['name'] !== migration?.name) {
      throw new HoldfastError(
        'format_unknown',
        `the catalog has migration ${row['number']} (${row['name']}), which this version does not know: start the newer one`,
      )
    }
  }
  const missing = known.slice(done.length)
  for (const migration of missing) {
    for (const sql of migration.statements(dialect)) yield* query(sql)
    yield* query('INSERT INTO migrations (number, name) VALUES (?, ?)', migration.number, migration.name)
  }
  return missing.length
}
