import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { asId } from './ids.ts'
import { names } from './preconditions.ts'

const one = asId('1'.repeat(32))
const two = asId('2'.repeat(32))

describe('a list of tags', () => {
  it('names the versions in it, with a star any that is there, and never one that is not there', () => {
    assert.equal(names([], one), false)
    assert.equal(names([two], one), false)
    assert.equal(names([two, one], one), true)
    assert.equal(names(['*'], one), true)
    assert.equal(names(['*'], undefined), false)
    assert.equal(names([one], undefined), false)
  })
})
