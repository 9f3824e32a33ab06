import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type ErrorCode, HoldfastError } from './errors.ts'
import { exitCodeOf } from './exit-codes.ts'

describe('exit codes', () => {
  it('say "try again" exactly where the same call may succeed later, and never that all is well', () => {
    for (const [code, exit] of Object.entries(exitCodeOf)) {
      assert.ok(Number.isInteger(exit) && exit > 0, code)
      if (code === 'catalog_unavailable') continue
      // Their keys are the union's.
      assert.equal(new HoldfastError(code as ErrorCode, '').retryable, exit === 5, code)
    }
  })
})
