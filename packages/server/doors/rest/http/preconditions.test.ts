import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { hasCode } from '@holdfast/core/wire/errors.ts'
import { asId } from '@holdfast/core/wire/ids.ts'
import { ENTITY_TAGS_MAX } from '../limits.ts'
import { preconditionsOf } from './preconditions.ts'

const one = asId('1'.repeat(32))
const two = asId('2'.repeat(32))
const match = (value: string) => preconditionsOf({ 'if-match': value }).ifMatch
const noneMatch = (value: string) => preconditionsOf({ 'if-none-match': value }).ifNoneMatch

describe('preconditions', () => {
  it('are lists of tags, or any', () => {
    assert.deepEqual(preconditionsOf({}), {})
    assert.deepEqual(match('*'), ['*'])
    assert.deepEqual(match(`"${one}"`), [one])
    assert.deepEqual(match(` "${one}" , "${two}"`), [one, two])
    assert.deepEqual(noneMatch(`"${one}","${two}"`), [one, two])
  })

  it('compare strongly in If-Match and weakly in If-None-Match', () => {
    assert.deepEqual(match(`W/"${one}"`), [])
    assert.deepEqual(match(`W/"${one}", "${two}"`), [two])
    assert.deepEqual(noneMatch(`W/"${one}"`), [one])
  })

  it('name no version with tags that are not ours, and still stand', () => {
    assert.deepEqual(match('"abc"'), [])
    assert.deepEqual(match('""'), [])
    assert.deepEqual(match('"a,b", "c"'), [])
  })

  it('are refused where they are not well formed', () => {
    for (const value of ['', ' ', one, `"${one}`, `"${one}" "${two}"`, `w/"${one}"`, '*, "a"', ',']) {
      assert.throws(
        () => match(value),
        (error) => hasCode(error, 'bad_request'),
        value,
      )
    }
  })

  it('are refused with too many tags', () => {
    const tags = (count: number) => new Array(count).fill('"x"').join(', ')
    assert.deepEqual(match(tags(ENTITY_TAGS_MAX)), [])
    assert.throws(
      () => match(tags(ENTITY_TAGS_MAX + 1)),
      (error) => hasCode(error, 'limit_exceeded'),
    )
  })
})
