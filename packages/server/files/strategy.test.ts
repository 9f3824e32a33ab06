import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { completePolicy, type StrategyRule } from '@holdfast/core/wire/policy.ts'
import type { Strategy } from '@holdfast/core/wire/strategy.ts'
import { chooseStrategy, type Travelling } from './strategy.ts'

const MiB = 1024 * 1024
const MB = 1000 * 1000

function choose(file: Partial<Travelling>, rules: StrategyRule[] = [], chunkedFromBytes?: number): Strategy {
  const policy = completePolicy(
    { strategy: { rules, ...(chunkedFromBytes !== undefined && { chunkedFromBytes }) } },
    { dataShards: 3, parityShards: 2 },
  )
  return chooseStrategy(policy, { path: 'a/file', type: undefined, size: 1, override: undefined, ...file })
}

describe('the strategy of a file', () => {
  it('follows its size', () => {
    assert.equal(choose({ size: 0 }), 'direct')
    assert.equal(choose({ size: 50 * MB - 1 }), 'direct')
    assert.equal(choose({ size: 50 * MB }), 'chunked')
    assert.equal(choose({ size: 2 * MiB - 1 }, [], 2 * MiB), 'direct')
    assert.equal(choose({ size: 2 * MiB }, [], 2 * MiB), 'chunked')
  })

  it('takes a body of unknown length for a long one', () => {
    assert.equal(choose({ size: undefined }), 'chunked')
    assert.equal(choose({ size: undefined, type: 'video/mp4' }), 'streaming')
  })

  it('is streaming for media from 1 MiB on', () => {
    for (const type of ['video/mp4', 'audio/flac', 'image/jpeg']) {
      assert.equal(choose({ type, size: MiB }), 'streaming')
      assert.equal(choose({ type, size: 900 * MB }), 'streaming')
      assert.equal(choose({ type, size: MiB - 1 }), 'direct')
    }
    for (const type of ['image/svg+xml', 'application/zip', 'text/plain'])
      assert.equal(choose({ type, size: MiB }), 'direct')
  })

  it('follows the first rule that fits, before type and size', () => {
    const rules: StrategyRule[] = [
      { prefix: 'raw/', type: 'image/*', use: 'direct' },
      { prefix: 'raw/', use: 'chunked' },
      { type: 'video/mp4', use: 'direct' },
      { type: 'video/*', use: 'chunked' },
    ]
    const size = 900 * MB
    assert.equal(choose({ path: 'raw/a', type: 'image/tiff', size }, rules), 'direct')
    assert.equal(choose({ path: 'raw/a', type: 'video/mp4', size }, rules), 'chunked')
    assert.equal(choose({ path: 'raw/a', size: 1 }, rules), 'chunked')
    assert.equal(choose({ path: 'rawer/a', size: 1 }, rules), 'direct')
    assert.equal(choose({ type: 'video/mp4', size }, rules), 'direct')
    assert.equal(choose({ type: 'video/webm', size }, rules), 'chunked')
    assert.equal(choose({ type: 'audio/flac', size }, rules), 'streaming')
    assert.equal(choose({ type: 'video/mp4v', size: 1 }, [{ type: 'video/mp4', use: 'chunked' }]), 'direct')
    assert.equal(choose({ size: 1 }, [{ type: 'video/*', use: 'chunked' }]), 'direct')
  })

  it('is the one that the request names, before all', () => {
    const rules: StrategyRule[] = [{ prefix: 'a/', use: 'chunked' }]
    for (const override of ['direct', 'chunked', 'streaming'] as const) {
      assert.equal(choose({ override, type: 'video/mp4', size: 900 * MB }, rules), override)
    }
  })
})
