import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import {
  COEFFICIENTS_IMAGE_BYTES,
  GEAR_FILTER_MASK,
  GEAR_IMAGE_BYTES,
  KERNEL_RESERVED_BYTES,
  Kernel,
} from './kernel.ts'
import { sharedKernelBase64, unsharedKernelBase64 } from './kernel-bytes.ts'

const pages = { initial: 2, maximum: 4 }
const memories = [
  { name: 'unshared', base64: unsharedKernelBase64, memory: () => new WebAssembly.Memory(pages) },
  { name: 'shared', base64: sharedKernelBase64, memory: () => new WebAssembly.Memory({ ...pages, shared: true }) },
]

/** What a module is made of: the numbers of its sections in order, and their bytes. */
function sectionsOf(base64: string): Map<number, Uint8Array> {
  const wasm = Buffer.from(base64, 'base64')
  const sections = new Map<number, Uint8Array>()
  let at = 8
  while (at < wasm.length) {
    const section = wasm[at++] ?? 0
    let length = 0
    for (let shift = 0; ; shift += 7) {
      const byte = wasm[at++] ?? 0
      length |= (byte & 0x7f) << shift
      if (byte < 0x80) break
    }
    sections.set(section, wasm.subarray(at, at + length))
    at += length
  }
  return sections
}

/** Bytes that look random, the same each time. */
function fill(bytes: Uint8Array): void {
  let state = 1
  for (let at = 0; at < bytes.length; at++) {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0
    bytes[at] = state >>> 24
  }
}

const gearImage = new Uint8Array(GEAR_IMAGE_BYTES).fill(3)
const coefficients = new Uint8Array(COEFFICIENTS_IMAGE_BYTES).fill(5)

for (const { name, base64, memory } of memories) {
  describe(`the kernel on a memory that is ${name}`, () => {
    it('has no data, no globals, no tables, no start and no memory of its own', () => {
      const [type, imports, functions, exports, code] = [1, 2, 3, 7, 10]
      assert.deepEqual([...sectionsOf(base64).keys()], [type, imports, functions, exports, code])
    })

    it('imports the memory and nothing else', async () => {
      const module = await WebAssembly.compile(Buffer.from(base64, 'base64'))
      assert.deepEqual(WebAssembly.Module.imports(module), [{ module: 'env', name: 'memory', kind: 'memory' }])
    })

    it('leaves the memory as it is when it is loaded', async () => {
      const owned = memory()
      fill(new Uint8Array(owned.buffer))
      const before = new Uint8Array(owned.buffer).slice()
      const kernel = await Kernel.load(owned)
      assert.deepEqual(kernel.bytes, before)
    })

    it('writes to its tables and to the targets, and to no other byte', async () => {
      const kernel = await Kernel.load(memory())
      const address = fc.integer({ min: 0, max: 9000 })
      fc.assert(
        fc.property(
          address,
          address,
          fc.integer({ min: 0, max: 3000 }),
          fc.integer({ min: 1, max: 4 }),
          (gap, tail, length, count) => {
            const source = KERNEL_RESERVED_BYTES + gap
            const targets = Array.from({ length: count }, (_, row) => source + length + tail + row * (length + 1))
            fill(kernel.bytes)
            const before = kernel.bytes.slice()
            kernel.combine(coefficients.slice(), [source], targets, length)
            kernel.scan(gearImage.slice(), source + 32, source + 32 + length, GEAR_FILTER_MASK)
            const after = kernel.bytes.slice()
            for (const target of targets) after.set(before.subarray(target, target + length), target)
            assert.equal(
              Buffer.compare(after.subarray(KERNEL_RESERVED_BYTES), before.subarray(KERNEL_RESERVED_BYTES)),
              0,
            )
          },
        ),
        { numRuns: 50 },
      )
    })

    it('sees a memory that has grown', async () => {
      const owned = memory()
      const kernel = await Kernel.load(owned)
      const before = kernel.bytes.length
      owned.grow(1)
      assert.equal(kernel.bytes.length, before + 65_536)
    })
  })
}

describe('the two kernels', () => {
  it('run the same code', () => {
    const code = 10
    assert.deepEqual(sectionsOf(sharedKernelBase64).get(code), sectionsOf(unsharedKernelBase64).get(code))
  })
})

describe('what the kernel refuses', async () => {
  const kernel = await Kernel.load(new WebAssembly.Memory(pages))
  const end = kernel.bytes.length
  const start = KERNEL_RESERVED_BYTES
  const refused = (work: () => unknown) => assert.throws(work, { name: 'AssertionError' })

  it('combines nothing that overlaps', () => {
    refused(() => kernel.combine(coefficients, [start], [start], 1))
    refused(() => kernel.combine(coefficients, [start], [start + 9], 10))
    refused(() => kernel.combine(coefficients, [start], [start + 10, start + 19], 10))
    kernel.combine(coefficients, [start], [start + 10, start + 20], 10)
  })

  it('combines nothing that leaves the caller’s part of the memory', () => {
    refused(() => kernel.combine(coefficients, [start - 1], [start + 100], 10))
    refused(() => kernel.combine(coefficients, [start], [end - 9], 10))
    refused(() => kernel.combine(coefficients, [start + 0.5], [start + 100], 10))
    refused(() => kernel.combine(coefficients, [start], [start + 100], -1))
    kernel.combine(coefficients, [start], [end - 10], 10)
  })

  it('scans nothing without a window before it, nor beyond the memory, nor with another mask', () => {
    refused(() => kernel.scan(gearImage, start + 31, start + 40, GEAR_FILTER_MASK))
    refused(() => kernel.scan(gearImage, start + 40, start + 39, GEAR_FILTER_MASK))
    refused(() => kernel.scan(gearImage, start + 32, end + 2, GEAR_FILTER_MASK))
    refused(() => kernel.scan(gearImage, start + 32, end, 0xffff_0000))
    kernel.scan(gearImage, start + 32, end + 1, GEAR_FILTER_MASK)
  })
})
