import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { batches } from './batches.ts'

describe('batches', () => {
  it('hold every item once and in order, in lengths that are powers of two', () => {
    for (const count of [0, 1, 2, 3, 255, 256, 257, 1000, 1023]) {
      const items = Array.from({ length: count }, (_, index) => index)
      const lists = [...batches(items)]
      assert.deepEqual(lists.flat(), items)
      for (const { length } of lists) assert.equal(Number.isInteger(Math.log2(length)) && length <= 256, true)
    }
  })
})
