import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { hasCode } from '@holdfast/core/wire/errors.ts'
import { rangeIn } from './range.ts'

describe('a range', () => {
  it('is a part of the file', () => {
    assert.deepEqual(rangeIn('bytes=0-0', 10), { offset: 0, length: 1 })
    assert.deepEqual(rangeIn('bytes=2-5', 10), { offset: 2, length: 4 })
    assert.deepEqual(rangeIn('bytes=9-', 10), { offset: 9, length: 1 })
    assert.deepEqual(rangeIn('bytes=-3', 10), { offset: 7, length: 3 })
    assert.deepEqual(rangeIn('Bytes= 0-9', 10), { offset: 0, length: 10 })
  })

  it('ends where the file ends', () => {
    assert.deepEqual(rangeIn('bytes=5-99', 10), { offset: 5, length: 5 })
    assert.deepEqual(rangeIn('bytes=-99', 10), { offset: 0, length: 10 })
    assert.deepEqual(rangeIn(`bytes=5-${'9'.repeat(400)}`, 10), { offset: 5, length: 5 })
  })

  it('is as if it were not there where it is none, or several', () => {
    for (const header of [
      'bytes=-',
      'bytes=5-2',
      'bytes=0-1,4-5',
      'lines=0-1',
      'bytes=a-b',
      'bytes 0-1',
      'bytes=0x0-1',
      '',
    ]) {
      assert.equal(rangeIn(header, 10), undefined, header)
    }
  })

  it('is not satisfiable where no byte of the file lies in it', () => {
    for (const [header, size] of [
      ['bytes=10-', 10],
      ['bytes=10-20', 10],
      [`bytes=${'9'.repeat(400)}-`, 10],
      ['bytes=-0', 10],
      ['bytes=0-', 0],
      ['bytes=0-0', 0],
    ] as const) {
      assert.throws(
        () => rangeIn(header, size),
        (error) => hasCode(error, 'range_not_satisfiable'),
        header,
      )
    }
  })

  it('of the last bytes of nothing is all of it', () => {
    assert.equal(rangeIn('bytes=-5', 0), undefined)
  })
})
