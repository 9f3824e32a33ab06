import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { type Migration, sqliteDialect } from './dialect.ts'
import { MIGRATIONS, migrate } from './migrate.ts'
import { dump, fillTables, load, schemaOf, tablesOf } from './migrate-fixture.ts'
import { SqliteEngine } from './sqlite-engine.ts'

const FIXTURES = fileURLToPath(new URL('../../../fixtures/catalog', import.meta.url))

describe('migrations', () => {
  it('are numbered from 1 without gaps', () => {
    assert.deepEqual(
      MIGRATIONS.map(({ number }) => number),
      MIGRATIONS.map((_, index) => index + 1),
    )
  })

  it('make the schema from nothing, and do nothing a second time', () => {
    using engine = SqliteEngine.open(':memory:')
    assert.equal(engine.run(migrate(sqliteDialect)), MIGRATIONS.length)
    const schema = schemaOf(engine)
    assert.equal(engine.run(migrate(sqliteDialect)), 0)
    assert.deepEqual(schemaOf(engine), schema)
  })

  it('all run or none', () => {
    using engine = SqliteEngine.open(':memory:')
    engine.migrate()
    const before = dump(engine)
    const next = MIGRATIONS.length + 1
    const good: Migration = { number: next, name: 'good', statements: () => ['CREATE TABLE added (a INTEGER)'] }
    const bad: Migration = {
      number: next + 1,
      name: 'bad',
      statements: () => ['ALTER TABLE nowhere ADD COLUMN a INTEGER'],
    }
    engine.begin()
    assert.throws(() => engine.run(migrate(sqliteDialect, [...MIGRATIONS, good, bad])), /no such table/)
    engine.rollback()
    assert.equal(dump(engine), before)
    assert.equal(engine.run(migrate(sqliteDialect, [...MIGRATIONS, good])), 1)
  })

  it('refuse a newer catalog, and one that another program has numbered', () => {
    using engine = SqliteEngine.open(':memory:')
    engine.migrate()
    const schema = schemaOf(engine)
    engine.query('INSERT INTO migrations (number, name) VALUES (?, ?)', [MIGRATIONS.length + 1, 'newer'])
    assert.throws(() => engine.migrate(), { code: 'format_unknown' })
    engine.query('DELETE FROM migrations WHERE number > ?', [MIGRATIONS.length])
    engine.query("UPDATE migrations SET name = 'another' WHERE number = 1")
    assert.throws(() => engine.migrate(), { code: 'format_unknown' })
    assert.deepEqual(schemaOf(engine), schema)
  })

  it('have a fixture of the catalog that each of them left', () => {
    assert.deepEqual(
      globSync(join(FIXTURES, '*.sql'))
        .map((file) => basename(file))
        .sort(),
      MIGRATIONS.map(({ number }) => `${String(number).padStart(4, '0')}.sql`),
    )
  })

  for (const file of globSync(join(FIXTURES, '*.sql'))) {
    it(`bring ${basename(file)} up to date, with all its rows`, () => {
      using engine = SqliteEngine.open(':memory:')
      load(engine, readFileSync(file, 'utf8'))
      const before = countsOf(engine)
      engine.migrate()
      const after = countsOf(engine)
      for (const [table, count] of before) if (table !== 'migrations') assert.equal(after.get(table), count, table)
      using fresh = SqliteEngine.open(':memory:')
      fresh.migrate()
      assert.deepEqual(schemaOf(engine), schemaOf(fresh))
    })
  }

  it('give a fixture that loads as it was', () => {
    using engine = SqliteEngine.open(':memory:')
    engine.migrate()
    fillTables(engine)
    using copy = SqliteEngine.open(':memory:')
    load(copy, dump(engine))
    assert.equal(dump(copy), dump(engine))
  })
})

function countsOf(engine: SqliteEngine): Map<string, number> {
  const count = (table: string): number => Number(engine.query(`SELECT count(*) AS count FROM ${table}`)[0]?.['count'])
  return new Map(tablesOf(engine).map((table) => [table, count(table)]))
}
