import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { packShards, unpackShards } from './packed-shards.ts'
import type { ShardRow } from './rows.ts'
import { hashOf } from './test-catalog.test-support.ts'

const shard: ShardRow = {
  node: 0x01020304,
  state: 'damaged',
  index: 5,
  verifiedDay: 0x0607,
  sequence: 0x08090a0b,
  sha256: hashOf('shard'),
}

describe('packed shards', () => {
  it('have the bytes that formats.md gives them', () => {
    const packed = packShards([shard])
    assert.equal(packed.length, 48)
    assert.equal(Buffer.from(packed.subarray(0, 16)).toString('hex'), '01020304030506070000000008090a0b')
    assert.equal(Buffer.from(packed.subarray(16)).toString('hex'), hashOf('shard'))
  })

  it('come back as they were', () => {
    const shards = [shard, { ...shard, state: 'durable', index: 0 }, { ...shard, node: 2 ** 32 - 1 }] as const
    assert.deepEqual(unpackShards(packShards(shards)), shards)
  })

  it('refuse a state of a newer version, and bytes that are cut', () => {
    const packed = packShards([shard])
    packed[4] = 5
    assert.throws(() => unpackShards(packed), { code: 'format_unknown' })
    assert.throws(() => unpackShards(packed.subarray(1)))
    assert.throws(() => packShards([{ ...shard, node: 0 }]))
  })
})
