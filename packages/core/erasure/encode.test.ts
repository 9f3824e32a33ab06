import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { z } from 'zod'
import { KERNEL_RESERVED_BYTES, Kernel } from '../kernel/kernel.ts'
import { encodeShards } from './encode.ts'
import { ShardCodec } from './shard-codec.ts'
import { encodeSlowly } from './slow-codec.ts'

const hex = z.string().transform((text) => new Uint8Array(Buffer.from(text, 'hex')))
const vectorsSchema = z.array(
  z.object({ dataShards: z.number(), parityShards: z.number(), data: z.array(hex), parity: z.array(hex) }),
)
const vectorsFile = new URL('./fixtures/parity-vectors.json', import.meta.url)
const vectors = vectorsSchema.parse(JSON.parse(readFileSync(vectorsFile, 'utf8')))

describe('encoding', async () => {
  const codec = await ShardCodec.load()

  it('gives the parity of the fixed vectors, as does the slow codec', () => {
    assert.equal(vectors.length, 8)
    for (const { data, parity, ...shape } of vectors) {
      assert.deepEqual(codec.encode(shape, data), parity)
      assert.deepEqual(encodeSlowly(data, shape.parityShards), parity)
    }
  })

  it('gives what the slow codec gives, for every shape', () => {
    for (let dataShards = 1; dataShards <= 16; dataShards++) {
      for (let parityShards = 0; parityShards <= 4; parityShards++) {
        const bytes = fc.integer({ min: 0, max: 200 }).chain((length) => {
          const shard = fc.uint8Array({ minLength: length, maxLength: length })
          return fc.array(shard, { minLength: dataShards, maxLength: dataShards })
        })
        fc.assert(
          fc.property(bytes, (data) => {
            assert.deepEqual(codec.encode({ dataShards, parityShards }, data), encodeSlowly(data, parityShards))
          }),
          { numRuns: 10 },
        )
      }
    }
  })

  it('copies where k is 1, and is the XOR where m is 1', () => {
    const one = Uint8Array.of(1, 2, 200)
    assert.deepEqual(codec.encode({ dataShards: 1, parityShards: 4 }, [one]), [one, one, one, one])
    const other = Uint8Array.of(7, 255, 3)
    assert.deepEqual(codec.encode({ dataShards: 2, parityShards: 1 }, [one, other]), [Uint8Array.of(6, 253, 203)])
  })

  it('refuses shapes beyond the limits, and shards that do not fit the shape', async () => {
    const kernel = await Kernel.load(new WebAssembly.Memory({ initial: 1 }))
    const places = (count: number, first: number) =>
      Array.from({ length: count }, (_, i) => KERNEL_RESERVED_BYTES + (first + i) * 8)
    const attempt = (dataShards: number, parityShards: number, data = dataShards, parity = parityShards) => {
      encodeShards(kernel, { dataShards, parityShards }, 8, places(data, 0), places(parity, data))
    }
    attempt(16, 4)
    attempt(1, 0)
    for (const [k, m] of [
      [0, 1],
      [17, 1],
      [3, 5],
      [3, -1],
      [1.5, 1],
    ] as const) {
      assert.throws(() => attempt(k, m, 3, 1), { message: /shards are/ })
    }
    assert.throws(() => attempt(3, 2, 2, 2), { name: 'AssertionError' })
    assert.throws(() => attempt(3, 2, 3, 1), { name: 'AssertionError' })
  })
})
