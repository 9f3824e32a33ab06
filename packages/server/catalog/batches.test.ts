import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { byKeys, inserting, limited } from './batches.ts'
import type { Row, Statement, Steps } from './transaction.ts'

/** The statements that steps ask; each is answered by one row. */
function asked(steps: Steps<Row[]>): { statements: Statement[]; rows: Row[] } {
  const statements: Statement[] = []
  let step = steps.next([])
  while (!step.done) {
    statements.push(step.value)
    step = steps.next([{ number: statements.length }])
  }
  return { statements, rows: step.value }
}

const keysUpTo = (count: number) => Array.from({ length: count }, (_, index) => Uint8Array.of(index % 256, index >> 8))

describe('statements of many rows', () => {
  it('name every key once and in order, in lengths that are powers of two', () => {
    const find = byKeys('SELECT a FROM t WHERE b = ? AND a IN', 'ORDER BY a')
    for (const count of [0, 1, 2, 3, 255, 256, 257, 1000, 1023]) {
      const keys = keysUpTo(count)
      const { statements, rows } = asked(find(['b'], keys))
      assert.deepEqual(
        statements.flatMap(({ args }) => args.slice(1)),
        keys,
      )
      assert.equal(rows.length, statements.length)
      for (const { sql, args } of statements) {
        assert.equal(Number.isInteger(Math.log2(args.length - 1)) && args.length <= 257, true)
        assert.equal(sql.split('?').length - 1, args.length)
      }
    }
  })

  it('insert rows of as many columns as are named', () => {
    const insert = inserting('INSERT INTO t (a, b, c)', 'ON CONFLICT DO NOTHING')
    const { statements } = asked(insert(Array.from({ length: 3 }, (_, row) => [row, 'b', null])))
    assert.deepEqual(
      statements.map(({ args }) => args),
      [
        [0, 'b', null, 1, 'b', null],
        [2, 'b', null],
      ],
    )
    assert.equal(statements[1]?.sql, 'INSERT INTO t (a, b, c) VALUES (?, ?, ?) ON CONFLICT DO NOTHING')
  })

  it('spell out a small limit and bind a large one', () => {
    const find = limited('SELECT a FROM t WHERE b = ?')
    assert.deepEqual(asked(find(['b'], 2)).statements, [{ sql: 'SELECT a FROM t WHERE b = ? LIMIT 2', args: ['b'] }])
    assert.deepEqual(asked(find(['b'], 99)).statements, [
      { sql: 'SELECT a FROM t WHERE b = ? LIMIT ?', args: ['b', 99] },
    ])
  })
})
