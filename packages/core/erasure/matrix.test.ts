import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { invertMatrix, parityRow, rebuildRows } from './matrix.ts'
import { range, subsets } from './subsets.test-support.ts'

/** Counts the square parts of so many columns of the parity rows, and those that have no inverse. */
function squareParts(columns: number): { all: number; singular: number } {
  const rows = range(4).map((parityIndex) => parityRow(parityIndex, columns))
  let all = 0
  let singular = 0
  for (const size of [1, 2, 3, 4]) {
    for (const chosenRows of subsets(rows, size)) {
      for (const chosenColumns of subsets(range(columns), size)) {
        all++
        const part = chosenRows.map((row) => Uint8Array.from(chosenColumns, (column) => row[column] ?? 0))
        try {
          invertMatrix(part)
        } catch {
          singular++
        }
      }
    }
  }
  return { all, singular }
}

describe('the matrix', () => {
  it('has only invertible square parts, so that any k shards give the data, for every k <= 16 and m <= 4', () => {
    assert.deepEqual(squareParts(16), { all: 4844, singular: 0 })
  })

  it('would not have them without end: the check finds singular parts in 22 columns', () => {
    assert.ok(squareParts(22).singular > 0)
  })

  it('has the rows of RAID 6 and ISA-L', () => {
    assert.deepEqual([...parityRow(0, 4)], [1, 1, 1, 1])
    assert.deepEqual([...parityRow(1, 10)], [1, 2, 4, 8, 16, 32, 64, 128, 0x1d, 0x3a])
    assert.deepEqual([...parityRow(2, 5)], [1, 4, 16, 64, 0x1d])
    assert.deepEqual([...parityRow(3, 4)], [1, 8, 64, 0x3a])
  })

  it('takes a shard that is there as it is', () => {
    const shape = { dataShards: 3, parityShards: 2 }
    assert.deepEqual(rebuildRows(shape, [4, 1, 2], [1]), [Uint8Array.of(0, 1, 0)])
  })

  it('refuses shards that do not determine the data', () => {
    assert.throws(() => invertMatrix([Uint8Array.of(1, 2), Uint8Array.of(2, 4)]), { name: 'AssertionError' })
  })
})
