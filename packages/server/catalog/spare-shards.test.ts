import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { ShardRow, ShardState } from './rows.ts'
import { packLacking, spareNeeded, spareOf, unpackLacking } from './spare-shards.ts'
import { hashOf } from './test-catalog.test-support.ts'

const shard = (node: number, index: number, state: ShardState): ShardRow => {
  return { node, index, state, verifiedDay: 0, sequence: 1, sha256: hashOf(`${node}`) }
}

describe('what a stripe can spare', () => {
  it('is what is durable beyond the data shards, whatever the rest is waiting for', () => {
    const shards = (...states: ShardState[]) => states.map((state, index) => shard(index + 1, index, state))
    assert.equal(spareOf(shards('durable', 'durable', 'durable', 'durable', 'durable'), 3), 2)
    assert.equal(spareOf(shards('durable', 'expected', 'durable', 'durable', 'damaged'), 3), 0)
    assert.equal(spareOf(shards('missing', 'expected', 'durable', 'durable', 'damaged'), 3), -1)
  })

  it('counts an index as durable where one of its two places is', () => {
    const moving = [shard(1, 0, 'durable'), shard(2, 1, 'expected'), shard(3, 1, 'durable')]
    assert.equal(spareOf(moving, 2), 0)
    assert.deepEqual(unpackLacking(packLacking(moving)), [])
    const lost = [shard(1, 0, 'durable'), shard(3, 1, 'damaged'), shard(2, 1, 'expected')]
    assert.equal(spareOf(lost, 2), -1)
    assert.deepEqual(unpackLacking(packLacking(lost)), [
      { node: 2, state: 'expected' },
      { node: 3, state: 'damaged' },
    ])
  })

  it('has the bytes that formats.md gives it', () => {
    const lacking = packLacking([shard(0x01020304, 7, 'missing'), shard(2, 9, 'expected'), shard(3, 1, 'durable')])
    assert.equal(Buffer.from(lacking).toString('hex'), '0000000202' + '0102030404')
    assert.throws(() => unpackLacking(lacking.subarray(1)))
    assert.throws(() => unpackLacking(Uint8Array.of(0, 0, 0, 1, 9)), { code: 'format_unknown' })
  })

  it('is enough from W durable shards on', () => {
    assert.deepEqual([0, 1, 2, 4].map(spareNeeded), [0, 1, 1, 1])
  })
})
