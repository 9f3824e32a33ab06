/**
 * A catalog as text, to be kept in `fixtures/catalog/000N.sql` when the version that brought migration N is released: schema and one row
 * in each table. Every later version must bring it up to date. `node migrate-fixture.ts` prints it for the newest migration.
 */
import { assert } from '@holdfast/core/wire/assert.ts'
import { SqliteEngine } from './sqlite-engine.ts'
import type { Value } from './transaction.ts'

const BYTES_SAMPLE = new Uint8Array(16).fill(0xab)

/** One row in each table but `migrations`, of values that suit the columns' types and nothing else. */
export function fillTables(engine: SqliteEngine): void {
  for (const table of tablesOf(engine)) {
    if (table === 'migrations') continue
    const columns = engine.query(`SELECT type FROM pragma_table_info('${table}')`)
    const values = columns.map(({ type }) => sampleOf(type))
    engine.query(`INSERT INTO ${table} VALUES (${values.map(() => '?').join(', ')})`, values)
  }
}

/** The statements that make this catalog again, each ended by a semicolon at a line's end. */
export function dump(engine: SqliteEngine): string {
  const statements = schemaOf(engine)
  for (const table of tablesOf(engine)) {
    for (const row of engine.query(`SELECT * FROM ${table}`)) {
      statements.push(`INSERT INTO ${table} VALUES (${Object.values(row).map(literal).join(', ')})`)
    }
  }
  return statements.map((sql) => `${sql};\n`).join('')
}

export function load(engine: SqliteEngine, text: string): void {
  for (const sql of text.split(';\n')) if (sql !== '') engine.query(sql)
}

export function schemaOf(engine: SqliteEngine): string[] {
  const rows = engine.query("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY type = 'index', name")
  return rows.map(({ sql }) => String(sql))
}

export function tablesOf(engine: SqliteEngine): string[] {
  return engine
    .query("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")
    .map(({ name }) => String(name))
}

function sampleOf(type: Value | undefined): Value {
  if (type === 'BLOB') return BYTES_SAMPLE
  if (type === 'INTEGER') return 1
  assert(type === 'TEXT', `the catalog has no columns of type ${type}`)
  return 'sample'
}

function literal(value: Value): string {
  if (value === null || typeof value === 'number') return String(value)
  if (typeof value === 'string') return `'${value.replaceAll("'", "''")}'`
  return `x'${Buffer.from(value).toString('hex')}'`
}

if (import.meta.main) {
  using engine = SqliteEngine.open(':memory:')
  engine.migrate()
  fillTables(engine)
  process.stdout.write(dump(engine))
}
