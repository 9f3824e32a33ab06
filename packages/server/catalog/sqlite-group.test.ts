import assert from 'node:assert/strict'
import { join } from 'node:path'
import { beforeEach, describe, it } from 'node:test'
import { HoldfastError } from '@holdfast/core/wire/errors.ts'
import {
  increment,
  incrementAndBreak,
  incrementAndRefuse,
  makeTables,
  putThing,
} from './catalog-contract-transactions.ts'
import { sqliteDialect } from './dialect.ts'
import { temporaryDirectory, thingNumber } from './sqlite-catalog-fixture.ts'
import { SqliteEngine } from './sqlite-engine.ts'
import { commitGroup, type Outcome } from './sqlite-group.ts'

describe('a group', () => {
  let engine: SqliteEngine

  beforeEach(() => {
    engine = SqliteEngine.open(':memory:')
    engine.run(makeTables.run(sqliteDialect))
  })

  const add = () => increment.run({ name: 'a', by: 1 })
  const counted = () => engine.query('SELECT value FROM counters').map(({ value }) => value)

  it('gives each its own outcome, in order', () => {
    const outcomes = commitGroup(engine, [
      add,
      () => incrementAndRefuse.run({ name: 'a', by: 10 }),
      add,
      () => incrementAndBreak.run({ name: 'a', by: 10 }),
      add,
    ])
    assert.deepEqual(outcomes.map(codeOrValue), [1, 'precondition_failed', 2, 'bug', 3])
    assert.deepEqual(counted(), [3])
  })

  it('runs each once where none refuses, and twice where one does, of which the first leaves nothing', () => {
    let runs = 0
    const counting = () => {
      runs++
      return add()
    }
    const refuse = () => incrementAndRefuse.run({ name: 'a', by: 10 })
    assert.deepEqual(commitGroup(engine, [counting, counting]).map(codeOrValue), [1, 2])
    assert.equal(runs, 2)
    const refusedLast = commitGroup(engine, [counting, counting, refuse])
    assert.deepEqual(refusedLast.map(codeOrValue), [3, 4, 'precondition_failed'])
    assert.equal(runs, 6)
    assert.deepEqual(counted(), [4])
  })

  it('takes what cannot even begin for a refusal', () => {
    const stumble = (): never => {
      throw new TypeError('no such transaction')
    }
    assert.deepEqual(commitGroup(engine, [add, stumble, add]).map(codeOrValue), [1, 'bug', 2])
  })

  it('refuses all of it when the disk is full, changes nothing, and goes on when there is room', () => {
    const [size] = engine.query('PRAGMA page_count')
    engine.query(`PRAGMA max_page_count = ${Number(size?.['page_count']) + 4}`)
    const group = [add, ...Array.from({ length: 20 }, (_, number) => () => putThing.run(thingNumber(number))), add]
    assert.deepEqual(new Set(commitGroup(engine, group).map(codeOrValue)), new Set(['catalog_unavailable']))
    assert.deepEqual(counted(), [])
    assert.deepEqual(commitGroup(engine, [add]).map(codeOrValue), [1])
    engine.query('PRAGMA max_page_count = 1000000')
    assert.equal(commitGroup(engine, group).filter((outcome) => 'value' in outcome).length, group.length)
  })

  it('refuses all of it while another program writes, and goes on afterwards', () => {
    const path = join(temporaryDirectory(), 'a.sqlite')
    using writer = SqliteEngine.open(path)
    writer.run(makeTables.run(sqliteDialect))
    using other = SqliteEngine.open(path)
    other.begin()
    assert.deepEqual(commitGroup(writer, [add, add]).map(codeOrValue), ['catalog_unavailable', 'catalog_unavailable'])
    other.rollback()
    assert.deepEqual(commitGroup(writer, [add, add]).map(codeOrValue), [1, 2])
  })
})

function codeOrValue(outcome: Outcome): unknown {
  if ('value' in outcome) return outcome.value
  return outcome.thrown instanceof HoldfastError ? outcome.thrown.code : 'bug'
}
