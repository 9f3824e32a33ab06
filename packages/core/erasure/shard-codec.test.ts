import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { describe, it } from 'node:test'
import { ShardCodec } from './shard-codec.ts'

describe('the codec on arrays', async () => {
  const codec = await ShardCodec.load()
  const shape = { dataShards: 3, parityShards: 2 }

  for (const lengthBytes of [0, 1, 65_535, 65_536, 65_537, 200_001]) {
    it(`encodes and rebuilds shards of ${lengthBytes} bytes`, () => {
      const data = Array.from({ length: 3 }, () => new Uint8Array(randomBytes(lengthBytes)))
      const parity = codec.encode(shape, data)
      const shards = [...data, ...parity].map((bytes, index) => ({ index, bytes }))
      const rebuilt = codec.rebuild(
        shape,
        [shards[4], shards[1], shards[3]].filter((shard) => shard !== undefined),
        [2, 0],
      )
      assert.deepEqual(rebuilt, [data[2], data[0]])
    })
  }

  it('refuses shards of different lengths and a number that does not fit', () => {
    const refused = { name: 'AssertionError' }
    assert.throws(() => codec.encode(shape, [new Uint8Array(3), new Uint8Array(4), new Uint8Array(3)]), refused)
    assert.throws(() => codec.encode(shape, [new Uint8Array(0)]), refused)
    assert.throws(() => codec.rebuild(shape, [{ index: 0, bytes: new Uint8Array(3) }], [1]), refused)
  })
})
