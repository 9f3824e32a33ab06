import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { cutFixed } from './cut-fixed.ts'

describe('fixed cuts', () => {
  const window = { offset: 100, lengthBytes: 3 * 4096 + 5, final: false }

  it('come every so many bytes, and leave a rest for the next window', () => {
    assert.deepEqual(cutFixed(4096, window), [4196, 8292, 12388])
  })

  it('end with the content', () => {
    assert.deepEqual(cutFixed(4096, { ...window, final: true }), [4196, 8292, 12388, 12393])
    assert.deepEqual(cutFixed(4096, { offset: 0, lengthBytes: 4096, final: true }), [4096])
    assert.deepEqual(cutFixed(4096, { offset: 0, lengthBytes: 0, final: true }), [])
  })

  it('are refused beyond the limits', () => {
    for (const chunkBytes of [0, 4095, 4096.5, 2 * 1024 * 1024 + 1]) {
      assert.throws(() => cutFixed(chunkBytes, window), { name: 'AssertionError' })
    }
  })
})
