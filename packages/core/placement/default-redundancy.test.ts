import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { hasCode } from '../wire/errors.ts'
import { defaultRedundancy } from './default-redundancy.ts'

describe('default redundancy', () => {
  it('follows the number of nodes', () => {
    const shapes = [1, 2, 3, 4, 5, 100].map((nodes) => {
      const { dataShards, parityShards } = defaultRedundancy(nodes)
      return `${dataShards}+${parityShards}`
    })
    assert.deepEqual(shapes, ['1+0', '1+1', '1+2', '1+2', '3+2', '3+2'])
  })

  it('is refused where there is no node', () => {
    assert.throws(
      () => defaultRedundancy(0),
      (error) => hasCode(error, 'policy_unplaceable'),
    )
  })
})
