import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { temporaryDirectory } from './sqlite-catalog-fixture.ts'
import { SqliteEngine } from './sqlite-engine.ts'
import { query } from './transaction.ts'

describe('SQLite engine', () => {
  it('syncs each commit of a file, by a write-ahead log', () => {
    using engine = SqliteEngine.open(join(temporaryDirectory(), 'a.sqlite'))
    assert.equal(engine.query('PRAGMA journal_mode')[0]?.['journal_mode'], 'wal')
    assert.equal(engine.query('PRAGMA synchronous')[0]?.['synchronous'], 2)
  })

  it('drives steps to their end and hands each its rows', () => {
    using engine = SqliteEngine.open(':memory:')
    const result = engine.run(
      (function* () {
        const [first] = yield* query('SELECT ? + 1 AS sum', 1)
        const [second] = yield* query('SELECT ? + 1 AS sum', Number(first?.['sum']))
        return second?.['sum']
      })(),
    )
    assert.equal(result, 3)
  })

  it('binds whole numbers as whole ones', () => {
    using engine = SqliteEngine.open(':memory:')
    assert.deepEqual(
      { ...engine.query('SELECT ? / 2 AS half, typeof(?) AS type', [5, 5])[0] },
      { half: 2, type: 'integer' },
    )
  })

  it('refuses numbers that are not whole, or too large, in both directions', () => {
    using engine = SqliteEngine.open(':memory:')
    assert.throws(() => engine.query('SELECT ?', [0.5]), /whole numbers/)
    assert.throws(() => engine.query('SELECT ?', [2 ** 53]), /whole numbers/)
    assert.throws(() => engine.query('SELECT 9007199254740993'), /too large/)
  })

  it('refuses more or fewer arguments than there are places', () => {
    using engine = SqliteEngine.open(':memory:')
    assert.throws(() => engine.query('SELECT ?, ?', [1]), /2 arguments/)
    assert.throws(() => engine.query('SELECT ?', [1, 2]), /1 arguments/)
  })

  it('prepares a text again that was dropped for newer ones', () => {
    using engine = SqliteEngine.open(':memory:')
    for (let round = 0; round < 2; round++) {
      for (let number = 0; number < 600; number++) {
        assert.equal(engine.query(`SELECT ${number} AS number`)[0]?.['number'], number)
      }
    }
  })

  it('undoes to a savepoint and keeps what came before', () => {
    using engine = SqliteEngine.open(':memory:')
    engine.query('CREATE TABLE t (a INTEGER)')
    engine.begin()
    engine.query('INSERT INTO t VALUES (1)')
    engine.savepoint()
    engine.query('INSERT INTO t VALUES (2)')
    engine.rollbackToSavepoint()
    engine.commit()
    assert.equal(engine.query('SELECT count(*) AS count FROM t')[0]?.['count'], 1)
    assert.equal(engine.isTransaction, false)
  })

  it('begins the log anew at a start, with all of it in the database', () => {
    const path = join(temporaryDirectory(), 'a.sqlite')
    using engine = SqliteEngine.open(path)
    engine.query('CREATE TABLE t (a INTEGER)')
    assert(engine.logSize().logPages > 0)
    engine.restartLog()
    const { logPages, copiedPages } = engine.logSize()
    assert.equal(copiedPages, logPages)
    engine.query('INSERT INTO t VALUES (1)')
    assert.equal(engine.logSize().logPages, 1)
  })

  it('refuses to start while another program reads from the log', () => {
    const path = join(temporaryDirectory(), 'a.sqlite')
    using engine = SqliteEngine.open(path)
    engine.query('CREATE TABLE t (a INTEGER)')
    using reader = SqliteEngine.open(path, { readOnly: true })
    reader.query('BEGIN')
    reader.query('SELECT * FROM t')
    engine.query('INSERT INTO t VALUES (1)')
    assert.throws(() => engine.restartLog(), { code: 'catalog_locked' })
  })
})
