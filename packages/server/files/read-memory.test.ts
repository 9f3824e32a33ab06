import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ReadMemory } from './read-memory.ts'

const BYTES = 1024 * 1024

describe('memory for reading', () => {
  it('is freed when nobody holds it any more, and not before', () => {
    const memory = new ReadMemory(BYTES)
    const { bytes } = memory
    memory.hold()
    memory.release()
    assert.equal(bytes.length, BYTES)
    memory.release()
    assert.equal(bytes.length, 0)
  })
})
