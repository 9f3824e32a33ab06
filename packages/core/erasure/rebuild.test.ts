import assert from 'node:assert/strict'
import { randomFillSync } from 'node:crypto'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { KERNEL_RESERVED_BYTES, Kernel } from '../kernel/kernel.ts'
import { encodeShards } from './encode.ts'
import { rebuildShards } from './rebuild.ts'
import type { ErasureShape } from './shape.ts'
import { decodeSlowly } from './slow-codec.ts'
import { range, subsets } from './subsets.test-support.ts'

const MIB = 1024 * 1024
const SLOT_BYTES = MIB + 64
const kernel = await Kernel.load(new WebAssembly.Memory({ initial: 26 * 17 }))
/** The slots 0 to 19 hold a whole stripe, the slots 20 to 23 what was rebuilt. */
const slot = (index: number): number => KERNEL_RESERVED_BYTES + index * SLOT_BYTES
const shardAt = (offset: number, lengthBytes: number): Uint8Array => kernel.bytes.subarray(offset, offset + lengthBytes)

/** Lays out random content of this size as a stripe, padded with zeros, and encodes it. Returns the length of its shards. */
function layOut({ dataShards, parityShards }: ErasureShape, contentBytes: number): number {
  const lengthBytes = Math.ceil(contentBytes / dataShards)
  const content = new Uint8Array(lengthBytes * dataShards)
  randomFillSync(content, 0, contentBytes)
  for (let index = 0; index < dataShards; index++) {
    kernel.bytes.set(content.subarray(index * lengthBytes, (index + 1) * lengthBytes), slot(index))
  }
  const dataOffsets = range(dataShards).map(slot)
  const parityOffsets = range(parityShards).map((index) => slot(dataShards + index))
  encodeShards(kernel, { dataShards, parityShards }, lengthBytes, dataOffsets, parityOffsets)
  return lengthBytes
}

/** Rebuilds the wanted ones of a stripe that was laid out, from all that are not lost, and compares. */
function assertRebuilds(
  shape: ErasureShape,
  lengthBytes: number,
  lost: readonly number[],
  wanted: readonly number[],
): void {
  const present = range(shape.dataShards + shape.parityShards).filter((index) => !lost.includes(index))
  const target = (row: number): number => slot(20 + row)
  wanted.forEach((_, row) => {
    shardAt(target(row), lengthBytes).fill(0xee)
  })
  rebuildShards(
    kernel,
    shape,
    lengthBytes,
    present.map((index) => ({ index, offset: slot(index) })),
    wanted.map((index, row) => ({ index, offset: target(row) })),
  )
  wanted.forEach((index, row) => {
    const equal = Buffer.compare(shardAt(target(row), lengthBytes), shardAt(slot(index), lengthBytes)) === 0
    if (!equal)
      assert.fail(`shard ${index} of ${shape.dataShards}+${shape.parityShards}, ${lengthBytes} bytes, without ${lost}`)
  })
}

const shapes = (dataShards: readonly number[]): ErasureShape[] =>
  dataShards.flatMap((k) => [1, 2, 3, 4].map((m) => ({ dataShards: k, parityShards: m })))

/** A pattern is which m of the n shards are not used; the k others give each of them. */
function patterns({ dataShards, parityShards }: ErasureShape): Generator<number[]> {
  return subsets(range(dataShards + parityShards), parityShards)
}

describe('rebuilding', () => {
  const sizes: { name: string; of: (k: number) => number }[] = [
    { name: '0 bytes', of: () => 0 },
    { name: '1 byte', of: () => 1 },
    { name: 'k - 1 bytes', of: (k) => k - 1 },
    { name: 'k bytes', of: (k) => k },
    { name: 'k + 1 bytes', of: (k) => k + 1 },
    { name: '5,003 bytes', of: () => 5003 },
    { name: '1 MiB', of: () => MIB },
  ]
  for (const { name, of } of sizes) {
    it(`gives all lost shards, for every k <= 12, every m <= 4 and every pattern, of ${name}`, () => {
      let tried = 0
      for (const shape of shapes(range(12).map((index) => index + 1))) {
        const lengthBytes = layOut(shape, of(shape.dataShards))
        for (const lost of patterns(shape)) {
          assertRebuilds(shape, lengthBytes, lost, lost)
          tried++
        }
      }
      assert.equal(tried, 8550)
    })
  }

  it('gives any of the lost shards without the others, in any order, for every k <= 12 and m <= 4', () => {
    for (const shape of shapes(range(12).map((index) => index + 1))) {
      const lengthBytes = layOut(shape, 99 * shape.dataShards)
      for (const lost of patterns(shape)) {
        const backwards = lost.toReversed()
        for (const size of range(lost.length))
          for (const wanted of subsets(backwards, size)) assertRebuilds(shape, lengthBytes, lost, wanted)
      }
    }
  })

  it('gives all lost shards for k of 13 to 16, for every pattern', () => {
    for (const shape of shapes([13, 14, 15, 16])) {
      const lengthBytes = layOut(shape, 77 * shape.dataShards)
      for (const lost of patterns(shape)) assertRebuilds(shape, lengthBytes, lost, lost)
    }
  })

  const stripe = fc
    .record({ dataShards: fc.integer({ min: 1, max: 16 }), parityShards: fc.integer({ min: 1, max: 4 }) })
    .chain((shape) =>
      fc.record({
        shape: fc.constant(shape),
        shuffled: fc.shuffledSubarray(range(shape.dataShards + shape.parityShards), {
          minLength: shape.dataShards + shape.parityShards,
        }),
        contentBytes: fc.integer({ min: 1, max: 3000 }),
        from: fc.double({ min: 0, max: 1, noNaN: true }),
        to: fc.double({ min: 0, max: 1, noNaN: true }),
      }),
    )

  it('gives the data that the slow codec gives, from k shards in any order', () => {
    fc.assert(
      fc.property(stripe, ({ shape, shuffled, contentBytes }) => {
        const lengthBytes = layOut(shape, contentBytes)
        const present = shuffled.slice(0, shape.dataShards)
        const wanted = shuffled.slice(shape.dataShards)
        const held = present.map((index) => ({ index, bytes: shardAt(slot(index), lengthBytes).slice() }))
        const slowly = decodeSlowly(shape.dataShards, held)
        const placedPresent = present.map((index) => ({ index, offset: slot(index) }))
        rebuildShards(
          kernel,
          shape,
          lengthBytes,
          placedPresent,
          wanted.map((index, row) => ({ index, offset: slot(20 + row) })),
        )
        for (const [row, index] of wanted.entries()) {
          if (index < shape.dataShards) assert.deepEqual(shardAt(slot(20 + row), lengthBytes), slowly[index])
        }
      }),
      { numRuns: 200 },
    )
  })

  it('gives any range from the same range of the others', () => {
    fc.assert(
      fc.property(stripe, ({ shape, shuffled, contentBytes, from, to }) => {
        const lengthBytes = layOut(shape, contentBytes)
        const borders = [from, to].map((part) => Math.floor(part * lengthBytes)).sort((a, b) => a - b)
        const [start = 0, end = 0] = borders
        const present = shuffled.slice(0, shape.dataShards).map((index) => ({ index, offset: slot(index) + start }))
        const wanted = shuffled.slice(shape.dataShards)
        const placedWanted = wanted.map((index, row) => ({ index, offset: slot(20 + row) }))
        rebuildShards(kernel, shape, end - start, present, placedWanted)
        for (const [row, index] of wanted.entries()) {
          assert.deepEqual(shardAt(slot(20 + row), end - start), shardAt(slot(index) + start, end - start))
        }
      }),
      { numRuns: 200 },
    )
  })

  it('gives wrong bytes from a wrong shard: nothing here can tell, so shards are checked before', () => {
    const shape = { dataShards: 3, parityShards: 2 }
    const lengthBytes = layOut(shape, 300)
    kernel.bytes[slot(2)] = (kernel.bytes[slot(2)] ?? 0) ^ 1
    assert.throws(() => assertRebuilds(shape, lengthBytes, [0, 1], [0, 1]), /shard 0 of 3\+2/)
  })

  it('refuses other than k shards, shards named twice, and shards that the stripe does not have', () => {
    const attempt = (present: number[], wanted: number[]) =>
      rebuildShards(
        kernel,
        { dataShards: 3, parityShards: 2 },
        8,
        present.map((index, at) => ({ index, offset: slot(at) })),
        wanted.map((index, at) => ({ index, offset: slot(10 + at) })),
      )
    attempt([0, 1, 4], [2, 3])
    assert.throws(() => attempt([0, 1], [2]), { name: 'AssertionError' })
    assert.throws(() => attempt([0, 1, 2, 3], [4]), { name: 'AssertionError' })
    assert.throws(() => attempt([0, 1, 1], [2]), { name: 'AssertionError' })
    assert.throws(() => attempt([0, 1, 2], [2]), { name: 'AssertionError' })
    assert.throws(() => attempt([0, 1, 2], [5]), { name: 'AssertionError' })
    assert.throws(() => attempt([0, 1, -1], [3]), { name: 'AssertionError' })
  })
})
