import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { restoreSchema } from '@holdfast/core/wire/rest/version.ts'
import { ValidationError, validated } from './validation.ts'

function refusal(value: unknown): string {
  try {
    validated(restoreSchema, value, 'body')
  } catch (error) {
    assert.ok(error instanceof ValidationError)
    return error.message
  }
  return assert.fail('it was taken')
}

describe('what does not fit', () => {
  it('hears which fields belong into a body that is none', () => {
    for (const [value, came] of [
      [undefined, 'nothing'],
      [[], 'array'],
      ['x', 'string'],
    ] as const) {
      assert.equal(refusal(value), `the body does not fit: expected object with versionId, received ${came}`)
    }
  })

  it('hears which field is missing, or wrong', () => {
    assert.equal(refusal({}), 'the body does not fit: /versionId: expected string, received nothing')
    assert.equal(refusal({ version: 'x' }), 'the body does not fit: /versionId: expected string, received nothing')
    assert.match(refusal({ versionId: 'x' }), /^the body does not fit: \/versionId: an id is 32 hexadecimal digits/)
    assert.match(refusal({ versionId: '0'.repeat(32), more: 1 }), /^the body does not fit: Unrecognized key: "more"/)
  })
})
