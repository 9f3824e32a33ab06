/**
 * The kernel is the part of core that is worth writing in WASM SIMD: scanning for cuts, and combining shards. It works at
 * addresses in a memory that its caller owns, so that bytes need not be copied in and out: a server thread receives into
 * this memory, cuts, seals and encodes there, and writes to disk from it.
 *
 *     |0 tables |4096 the caller's bytes ...                          |
 *
 * The tables of the work at hand lie in the first 4 KiB; the kernel keeps nothing else and writes nowhere else but to its
 * targets. One kernel per memory, and one call at a time: calls are synchronous, so only two kernels on one shared
 * memory could disturb each other.
 */
import { assert } from '../wire/assert.ts'
import { sharedKernelBase64, unsharedKernelBase64 } from './kernel-bytes.ts'

/** The caller's bytes begin here, at a border of 4 KiB so that unbuffered disk writes can start there too. */
export const KERNEL_RESERVED_BYTES = 4096

/** 256 little-endian gear words, then four nibble tables of 16 bytes. */
export const GEAR_IMAGE_BYTES = 256 * 4 + 4 * 16

export const SOURCES_MAX = 16
export const TARGETS_MAX = 4

/** The products of one coefficient with the 16 low and the 16 high nibbles. */
export const PRODUCTS_BYTES = 32

/** Products for each target and source, in rows of `SOURCES_MAX`. */
export const COEFFICIENTS_IMAGE_BYTES = TARGETS_MAX * SOURCES_MAX * PRODUCTS_BYTES

/** The bytes that one gear hash covers. */
export const GEAR_WINDOW_BYTES = 32

/** The low half of every mask: what the kernel's filter looks at. */
export const GEAR_FILTER_MASK = 0xffc0

const gearAddress = 0
const coefficientsAddress = gearAddress + GEAR_IMAGE_BYTES
const sourcesAddress = coefficientsAddress + COEFFICIENTS_IMAGE_BYTES
const targetsAddress = sourcesAddress + SOURCES_MAX * 4

type ScanFunction = (tables: number, from: number, to: number, mask: number) => number
type CombineFunction = (
  tables: number,
  sources: number,
  sourceCount: number,
  targets: number,
  targetCount: number,
  lengthBytes: number,
) => void

export class Kernel {
  readonly #memory: WebAssembly.Memory
  readonly #scan: ScanFunction
  readonly #combine: CombineFunction
  #bytes: Uint8Array
  #gearImage: Uint8Array | undefined
  #coefficientsImage: Uint8Array | undefined

  private constructor(memory: WebAssembly.Memory, scan: ScanFunction, combine: CombineFunction) {
    this.#memory = memory
    this.#scan = scan
    this.#combine = combine
    this.#bytes = new Uint8Array(memory.buffer)
  }

  /** Takes the first `KERNEL_RESERVED_BYTES` of the memory, shared or not, for as long as the kernel is used. */
  static async load(memory: WebAssembly.Memory): Promise<Kernel> {
    const base64 = memory.buffer instanceof ArrayBuffer ? unsharedKernelBase64 : sharedKernelBase64
    const wasm = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0))
    const { instance } = await WebAssembly.instantiate(wasm, { env: { memory } })
    const { scan, combine } = instance.exports
    assert(typeof scan === 'function' && typeof combine === 'function', 'the kernel exports scan and combine')
    return new Kernel(memory, scan as ScanFunction, combine as CombineFunction)
  }

  /** All of the memory. Where the caller grows the memory, ask again. */
  get bytes(): Uint8Array {
    if (this.#bytes.buffer !== this.#memory.buffer) this.#bytes = new Uint8Array(this.#memory.buffer)
    return this.#bytes
  }

  /** The first position p, from <= p < to, after whose window content may be cut. An image never changes once it was given. */
  scan(gearImage: Uint8Array, from: number, to: number, mask: number): number | undefined {
    assert(gearImage.length === GEAR_IMAGE_BYTES, 'a gear image has its fixed size')
    assert((mask & 0xffff) === GEAR_FILTER_MASK, 'a mask holds the bits of the filter')
    assert(from >= KERNEL_RESERVED_BYTES + GEAR_WINDOW_BYTES && from <= to, 'a scan has its first window before it')
    assert(to <= this.bytes.length + 1, 'a scan ends within the memory')
    if (this.#gearImage !== gearImage) {
      this.bytes.set(gearImage, gearAddress)
      this.#gearImage = gearImage
    }
    const found = this.#scan(gearAddress, from, to, mask) >>> 0
    return found === 0 ? undefined : found
  }

  /** target r = sum over c of coefficient (r, c) x source c, for addresses of runs of `lengthBytes`. */
  combine(
    coefficientsImage: Uint8Array,
    sources: readonly number[],
    targets: readonly number[],
    lengthBytes: number,
  ): void {
    assert(coefficientsImage.length === COEFFICIENTS_IMAGE_BYTES, 'a coefficients image has its fixed size')
    assert(sources.length <= SOURCES_MAX && targets.length <= TARGETS_MAX, 'sources and targets are few')
    this.#assertApart(sources, targets, lengthBytes)
    if (this.#coefficientsImage !== coefficientsImage) {
      this.bytes.set(coefficientsImage, coefficientsAddress)
      this.#coefficientsImage = coefficientsImage
    }
    this.#writeAddresses(sourcesAddress, sources)
    this.#writeAddresses(targetsAddress, targets)
    this.#combine(coefficientsAddress, sourcesAddress, sources.length, targetsAddress, targets.length, lengthBytes)
  }

  /** A target that touched a source, another target or the tables would corrupt bytes without a sign. */
  #assertApart(sources: readonly number[], targets: readonly number[], lengthBytes: number): void {
    assert(Number.isSafeInteger(lengthBytes) && lengthBytes >= 0, 'a length is a whole number')
    const addressMax = this.bytes.length - lengthBytes
    const inMemory = (address: number) =>
      Number.isSafeInteger(address) && address >= KERNEL_RESERVED_BYTES && address <= addressMax
    const apart = (one: number, other: number) => Math.abs(one - other) >= lengthBytes
    assert(sources.every(inMemory), 'sources lie in the caller’s part of the memory')
    targets.forEach((target, row) => {
      assert(inMemory(target), 'targets lie in the caller’s part of the memory')
      assert(
        sources.every((source) => apart(target, source)),
        'a target overlaps no source',
      )
      assert(
        targets.every((other, otherRow) => row === otherRow || apart(target, other)),
        'targets do not overlap',
      )
    })
  }

  #writeAddresses(at: number, addresses: readonly number[]): void {
    const view = new DataView(this.bytes.buffer, at)
    addresses.forEach((address, index) => {
      view.setUint32(index * 4, address, true)
    })
  }
}
