import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { buildKernel, readBuiltKernel } from './build-wasm.ts'

describe('the WASM build', () => {
  it('gives the committed bytes again', () => {
    assert.equal(buildKernel(), readBuiltKernel())
  })
})
