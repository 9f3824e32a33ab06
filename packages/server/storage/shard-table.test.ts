import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { MemoryIndex } from './memory-index.ts'
import { ShardTable } from './shard-table.ts'

const CLOSED_BYTES = 1000

/** Segments 1 to `count`, of which the last is open. */
function tableOf(count: number): ShardTable {
  const index = new MemoryIndex()
  for (let segment = 1; segment <= count; segment++) {
    index.setSegment({ segment, endBytes: CLOSED_BYTES, closed: segment < count, liveBytes: 0 })
  }
  return new ShardTable(index)
}

describe('how far segments go', () => {
  it('is told from a number on, so that what was settled need not be told again', () => {
    const table = tableOf(5)
    assert.deepEqual(
      table.ends().map(({ segment }) => segment),
      [1, 2, 3, 4, 5],
    )
    assert.equal(table.settledBelow, 5)
    table.setEnd(5, 2000, true)
    table.setEnd(6, 10, false)
    table.setEnd(7, 10, false)
    const grown = [
      { segment: 5, bytes: 2000 },
      { segment: 6, bytes: 10 },
      { segment: 7, bytes: 10 },
    ]
    assert.deepEqual(table.ends(5), grown)
    assert.equal(table.settledBelow, 6)
    assert.deepEqual(table.ends(Number.POSITIVE_INFINITY), [])
  })

  it('counts one that an earlier start left open as not settled until it is closed or gone', () => {
    const table = tableOf(5)
    table.setEnd(2, 500, false)
    assert.equal(table.settledBelow, 2)
    table.setEnd(2, 600, true)
    assert.equal(table.settledBelow, 5)
    table.dropSegment(5, [])
    assert.equal(table.settledBelow, 6)
    assert.deepEqual(table.ends(5), [])
  })

  it('is one look for a disk of 35 TB that is asked how it is', (t) => {
    const table = tableOf(132_000)
    const looks = t.mock.method(Map.prototype, 'get')
    const walks = t.mock.method(Map.prototype, 'values')
    table.ends(table.settledBelow)
    assert.deepEqual([looks.mock.callCount(), walks.mock.callCount()], [1, 0])
    table.ends()
    assert.equal(walks.mock.callCount(), 1)
  })
})
