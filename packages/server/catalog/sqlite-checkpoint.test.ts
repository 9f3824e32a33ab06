import assert from 'node:assert/strict'
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { makeTables, putThing } from './catalog-contract-transactions.ts'
import { sqliteDialect } from './dialect.ts'
import { SqliteCatalog } from './sqlite-catalog.ts'
import { optionsFor, temporaryDirectory, thingNumber } from './sqlite-catalog-fixture.ts'
import { CheckpointSignal, checkpointIfLong, LOG_PAGES_MAX } from './sqlite-checkpoint.ts'
import { SqliteEngine } from './sqlite-engine.ts'
import { commitGroup } from './sqlite-group.ts'

const GROUP = 64
const PAGE_BYTES = 4096
/** A kilobyte per thing, scattered over the pages of its table and index. */
const PAGES_PER_GROUP_MAX = 4 * GROUP

describe('checkpoints', () => {
  const longestLog = (afterGroup: (engine: SqliteEngine) => void): number => {
    using engine = SqliteEngine.open(join(temporaryDirectory(), 'a.sqlite'))
    engine.run(makeTables.run(sqliteDialect))
    let longest = 0
    for (let first = 0; longest <= LOG_PAGES_MAX + PAGES_PER_GROUP_MAX && first < 100_000; first += GROUP) {
      const group = Array.from({ length: GROUP }, (_, index) => () => putThing.run(thingNumber(first + index)))
      commitGroup(engine, group)
      longest = Math.max(longest, engine.logSize().logPages)
      afterGroup(engine)
    }
    return longest
  }

  it('keep the log within its maximum even where no other thread helps', () => {
    const signal = new CheckpointSignal(CheckpointSignal.memory())
    assert(longestLog((engine) => checkpointIfLong(engine, signal)) <= LOG_PAGES_MAX + PAGES_PER_GROUP_MAX)
  })

  it('are what keeps it so (control)', () => {
    assert(longestLog(() => {}) > LOG_PAGES_MAX + PAGES_PER_GROUP_MAX)
  })

  it('by the other thread keep the log far below its maximum', async () => {
    const directory = temporaryDirectory()
    await using catalog = await SqliteCatalog.open(optionsFor(directory))
    await catalog.write(makeTables, sqliteDialect)
    for (let first = 0; first < 60_000; first += GROUP) {
      await Promise.all(
        Array.from({ length: GROUP }, (_, index) => catalog.write(putThing, thingNumber(first + index))),
      )
    }
    // The file keeps the length of the longest log.
    assert(statSync(join(directory, 'catalog.sqlite-wal')).size < (LOG_PAGES_MAX / 2) * PAGE_BYTES)
  })
})
