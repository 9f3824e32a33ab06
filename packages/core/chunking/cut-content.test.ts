import assert from 'node:assert/strict'
import { hash } from 'node:crypto'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { KERNEL_RESERVED_BYTES, Kernel } from '../kernel/kernel.ts'
import { areChunkSizes, type ChunkSizes, defaultChunkSizes } from './chunk-sizes.ts'
import { binaryContent, randomContent, sparseContent, textContent } from './content.test-support.ts'
import { cutContent, gearMask, type Scan } from './cut-content.ts'
import { defaultGearTable, deriveGearTable, type GearTable } from './gear-table.ts'
import { kernelScan } from './kernel-scan.ts'
import { plainScan } from './plain-scan.ts'

const KIB = 1024
const MIB = 1024 * KIB
const kernel = await Kernel.load(new WebAssembly.Memory({ initial: 1100 }))
const otherTable = deriveGearTable(new Uint8Array(32).fill(9))

const contents = { random: randomContent, text: textContent, sparse: sparseContent, binary: binaryContent }
const anyContent = (lengthBytes: number) =>
  fc
    .record({
      kind: fc.constantFrom('random', 'text', 'sparse', 'binary'),
      seed: fc.integer({ min: 0, max: 255 }),
      zeros: fc.nat(lengthBytes),
    })
    .map(({ kind, seed, zeros }) =>
      contents[kind](lengthBytes, seed).fill(0, zeros, zeros + Math.floor(lengthBytes / 8)),
    )
const anySizes = fc
  .record({ averageBits: fc.integer({ min: 12, max: 15 }), min: fc.nat(20 * KIB), max: fc.nat(40 * KIB) })
  .map(({ averageBits, min, max }) => {
    const averageBytes = 2 ** averageBits
    return { minBytes: Math.max(4096, averageBytes - min), averageBytes, maxBytes: averageBytes + max }
  })
const anyTable = fc.constantFrom(defaultGearTable, otherTable)

const smallSizes: ChunkSizes = { minBytes: 4096, averageBytes: 8192, maxBytes: 32_768 }

function cutAll(bytes: Uint8Array, table: GearTable = defaultGearTable, sizes = smallSizes): number[] {
  return cutContent(plainScan(bytes, table), sizes, { offset: 0, lengthBytes: bytes.length, final: true })
}

/** Cuts with the kernel, and gives the ends as if the content lay at 0. */
function cutAllByKernel(bytes: Uint8Array, table: GearTable = defaultGearTable, sizes = smallSizes): number[] {
  kernel.bytes.set(bytes, KERNEL_RESERVED_BYTES)
  const window = { offset: KERNEL_RESERVED_BYTES, lengthBytes: bytes.length, final: true }
  return cutContent(kernelScan(kernel, table), sizes, window).map((end) => end - KERNEL_RESERVED_BYTES)
}

/** Cuts as a stream comes in: in windows of these lengths, over and over, each beginning with the rest of the one before. */
function cutInWindows(
  scan: Scan,
  offset: number,
  lengthBytes: number,
  sizes: ChunkSizes,
  steps: number[],
  seen: boolean,
): number[] {
  const ends: number[] = []
  let start = 0
  let received = 0
  for (let turn = 0; received < lengthBytes; turn++) {
    const restBytes = received - start
    received = Math.min(lengthBytes, received + (steps[turn % steps.length] ?? 1))
    const window = { offset: offset + start, lengthBytes: received - start, final: received === lengthBytes }
    const found = cutContent(scan, sizes, seen ? { ...window, seenBytes: restBytes } : window)
    ends.push(...found.map((end) => end - offset))
    start = ends.at(-1) ?? 0
  }
  return ends
}

function chunkHashes(bytes: Uint8Array): string[] {
  const ends = cutAllByKernel(bytes)
  return ends.map((end, index) => hash('sha256', bytes.subarray(ends[index - 1] ?? 0, end)))
}

function lengthsOf(ends: readonly number[]): number[] {
  return ends.map((end, index) => end - (ends[index - 1] ?? 0))
}

function meanOf(lengths: readonly number[]): number {
  return lengths.reduce((sum, length) => sum + length, 0) / lengths.length
}

describe('the two scans', () => {
  it('find the same position for any range, table and mask', () => {
    const length = 40 * KIB
    const ranges = fc.record({
      bytes: anyContent(length),
      table: anyTable,
      bits: fc.integer({ min: 10, max: 18 }),
      from: fc.integer({ min: 32, max: length + 1 }),
      width: fc.oneof(fc.nat(600), fc.nat(length)),
    })
    let found = 0
    fc.assert(
      fc.property(ranges, ({ bytes, table, bits, from, width }) => {
        const to = Math.min(from + width, length + 1)
        kernel.bytes.set(bytes, KERNEL_RESERVED_BYTES)
        const plain = plainScan(bytes, table)(from, to, gearMask(bits))
        const fast = kernelScan(kernel, table)(from + KERNEL_RESERVED_BYTES, to + KERNEL_RESERVED_BYTES, gearMask(bits))
        assert.equal(fast, plain === undefined ? undefined : plain + KERNEL_RESERVED_BYTES)
        if (plain !== undefined) found++
      }),
      { numRuns: 500 },
    )
    // Of 500 about 112, with a deviation of 8: chance does not come near half of that.
    assert.ok(found > 50, `${found} of the ranges hold a cut`)
  })

  it('find what the definition of the hash says', () => {
    const bytes = randomContent(5000)
    const scan = plainScan(bytes, defaultGearTable)
    const mask = gearMask(10)
    const expected: number[] = []
    for (let position = 32; position <= bytes.length; position++) {
      let hash = 0n
      for (let back = 0; back < 32; back++)
        hash += BigInt(defaultGearTable.words[bytes[position - 1 - back] ?? 0] ?? 0) << BigInt(back)
      if ((hash & BigInt(mask)) === 0n) expected.push(position)
    }
    const found: number[] = []
    for (let from = 32; from <= bytes.length; ) {
      const position = scan(from, bytes.length + 1, mask)
      if (position === undefined) break
      found.push(position)
      from = position + 1
    }
    assert.deepEqual(found, expected)
    assert.ok(found.length > 0)
  })
})

describe('cuts by content', () => {
  it('are the same by the kernel and by its plain twin', () => {
    fc.assert(
      fc.property(fc.nat(300 * KIB).chain(anyContent), anyTable, anySizes, (bytes, table, sizes) => {
        assert.deepEqual(cutAllByKernel(bytes, table, sizes), cutAll(bytes, table, sizes))
      }),
      { numRuns: 100 },
    )
  })

  it('do not depend on the windows in which the content came, nor on telling what was seen', () => {
    const steps = fc.array(fc.integer({ min: 1, max: 50_000 }), { minLength: 1, maxLength: 5 })
    fc.assert(
      fc.property(anyContent(200 * KIB), anySizes, steps, fc.boolean(), (bytes, sizes, windows, seen) => {
        const steady = windows.map((step) => Math.max(step, 500))
        kernel.bytes.set(bytes, KERNEL_RESERVED_BYTES)
        const scan = kernelScan(kernel, defaultGearTable)
        const cut = cutInWindows(scan, KERNEL_RESERVED_BYTES, bytes.length, sizes, steady, seen)
        assert.deepEqual(cut, cutAll(bytes, defaultGearTable, sizes))
      }),
      { numRuns: 100 },
    )
  })

  it('do depend on what was seen where a caller tells more than the truth: the comparison notices', () => {
    const bytes = randomContent(200 * KIB)
    const window = { offset: 0, lengthBytes: bytes.length, final: true, seenBytes: 30_000 }
    assert.notDeepEqual(cutContent(plainScan(bytes, defaultGearTable), smallSizes, window), cutAll(bytes))
  })

  it('keep to the sizes, and end with the content', () => {
    fc.assert(
      fc.property(fc.nat(200 * KIB).chain(anyContent), anySizes, (bytes, sizes) => {
        const lengths = lengthsOf(cutAll(bytes, defaultGearTable, sizes))
        assert.equal(
          lengths.reduce((sum, length) => sum + length, 0),
          bytes.length,
        )
        for (const length of lengths.slice(0, -1)) assert.ok(length >= sizes.minBytes && length <= sizes.maxBytes)
        assert.ok((lengths.at(-1) ?? 1) > 0 && (lengths.at(-1) ?? 0) <= sizes.maxBytes)
      }),
      { numRuns: 100 },
    )
  })

  it('give no chunk for empty content', () => {
    assert.deepEqual(cutAll(new Uint8Array()), [])
  })

  it('come back after an edit: three chunks are new in the mean, wherever it is', () => {
    const bytes = randomContent(2 * MIB)
    const known = new Set(chunkHashes(bytes))
    const places = Array.from({ length: 100 }, (_, index) => index * 20_000 + 7)
    const changed = places.map((place) => {
      const edited = Buffer.concat([bytes.subarray(0, place), Uint8Array.of(1, 2, 3), bytes.subarray(place)])
      return chunkHashes(edited).filter((chunk) => !known.has(chunk)).length
    })
    assert.ok(changed.every((count) => count > 0))
    assert.ok(meanOf(changed) < 3, `${meanOf(changed)} chunks`)
  })

  it('are others with another table', () => {
    const bytes = randomContent(MIB)
    const ends = new Set(cutAll(bytes))
    const shared = cutAll(bytes, otherTable).filter((end) => ends.has(end))
    assert.ok(shared.length < 5, `${shared.length} cuts are shared`)
  })

  it('are cut for ever as they were: known ends of known content', () => {
    const small = [8057, 18080, 26786, 33917, 43630, 53896, 61011, 67318, 77579, 87445, 95703, 102400]
    assert.deepEqual(cutAll(randomContent(100 * KIB)), small)
    const large = [1183161, 1907515, 2962878, 4183256, 5432932, 6528185, 7459373, 8388608]
    assert.deepEqual(cutAllByKernel(randomContent(8 * MIB), defaultGearTable, defaultChunkSizes), large)
  })

  it('have the promised mean on random bytes, and few chunks that end at the longest length', () => {
    const ends = cutAllByKernel(randomContent(68 * MIB), otherTable, defaultChunkSizes)
    const lengths = lengthsOf(ends).slice(0, -1)
    const mean = meanOf(lengths) / MIB
    assert.ok(mean > 0.9 && mean < 1.2, `${mean} MiB`)
    assert.ok(lengths.filter((length) => length === 2 * MIB).length / lengths.length < 0.06)
  })

  for (const kind of ['random', 'text', 'sparse', 'binary'] as const) {
    it(`have a sane spread on ${kind} content`, () => {
      const content = contents[kind](4 * MIB)
      for (const table of [defaultGearTable, otherTable]) {
        const lengths = lengthsOf(cutAllByKernel(content, table)).slice(0, -1)
        const mean = meanOf(lengths)
        assert.ok(mean > 6000 && mean < 11_000, `a mean of ${mean}`)
      }
    })
  }
})

describe('chunk sizes', () => {
  it('are legal from 4 KiB to 2 MiB, in order, with a power of two in the middle', () => {
    assert.ok(areChunkSizes(defaultChunkSizes))
    assert.ok(areChunkSizes({ minBytes: 4096, averageBytes: 4096, maxBytes: 4096 }))
    assert.ok(areChunkSizes({ minBytes: 2 * MIB, averageBytes: 2 * MIB, maxBytes: 2 * MIB }))
    for (const wrong of [
      { minBytes: 4095 },
      { maxBytes: 2 * MIB + 1 },
      { averageBytes: MIB + 1 },
      { minBytes: MIB + 1 },
      { maxBytes: MIB - 1 },
    ]) {
      assert.ok(!areChunkSizes({ ...defaultChunkSizes, ...wrong }))
      assert.throws(() => cutAll(new Uint8Array(9), defaultGearTable, { ...defaultChunkSizes, ...wrong }), {
        name: 'AssertionError',
      })
    }
  })

  it('cut at every size that is legal at the edges', () => {
    const bytes = randomContent(5 * MIB)
    for (const size of [4096, 2 * MIB]) {
      const sizes = { minBytes: size, averageBytes: size, maxBytes: size }
      assert.deepEqual(new Set(lengthsOf(cutAllByKernel(bytes, defaultGearTable, sizes)).slice(0, -1)), new Set([size]))
    }
  })
})
