import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ReadMemory } from './read-memory.ts'

const BYTES = 1024 * 1024

describe('memory for reading', () => {
  it('is lent again when nobody holds it any more, and not before', () => {
    const memory = new ReadMemory()
    const first = memory.take(BYTES)
    first?.hold()
    first?.release()
    assert.notEqual(memory.take(BYTES), first)
    first?.release()
    assert.equal(memory.take(BYTES), first)
  })

  it('is there for a few at once, and not for what is short', () => {
    const memory = new ReadMemory()
    const taken = Array.from({ length: 9 }, () => memory.take(BYTES))
    assert.equal(taken.filter((piece) => piece !== undefined).length, 8)
    assert.equal(new ReadMemory().take(1000), undefined)
  })
})
