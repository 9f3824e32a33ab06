/**
 * Linear combinations over GF(2^8): target r = sum over c of coefficient (r, c) x source c, byte by byte. Encoding and
 * rebuilding are both this, with other coefficients.
 *
 * Multiplying by a fixed number is linear over XOR, so a product is the XOR of what the two nibbles of a byte give, and a
 * swizzle looks up sixteen of them at once. `tables` holds 32 bytes for each coefficient, the products with 0..15 and
 * with 0, 16, .. 240, in rows of 16 columns whatever the number of sources.
 *
 * `sources` and `targets` are lists of addresses, 32 bits each. The constant 15 is a local, handed on: engines keep locals
 * in registers but build constants again wherever they stand, which costs a third of the speed.
 */

const COLUMNS: usize = 16
const ROW: usize = COLUMNS * 32
const TILE: usize = 32
/** What is done for all targets before going on: this much of sixteen sources stays in the first cache. */
const BLOCK: usize = 2048

export function combine(
  tables: usize,
  sources: usize,
  sourceCount: usize,
  targets: usize,
  targetCount: usize,
  length: usize,
): void {
  const tiled = length & ~(TILE - 1)
  for (let from: usize = 0; from < tiled; from += BLOCK) {
    const to = min(from + BLOCK, tiled)
    let row: usize = 0
    for (; row + 2 <= targetCount; row += 2) {
      combineTwo(tables + row * ROW, sources, sourceCount, addressIn(targets, row), addressIn(targets, row + 1), from, to)
    }
    if (row < targetCount) combineOne(tables + row * ROW, sources, sourceCount, addressIn(targets, row), from, to)
  }
  for (let row: usize = 0; row < targetCount; row++) {
    combineBytes(tables + row * ROW, sources, sourceCount, addressIn(targets, row), tiled, length)
  }
}

/** Two targets share the loads of the sources and the cutting into nibbles. */
function combineTwo(
  tables: usize,
  sources: usize,
  sourceCount: usize,
  first: usize,
  second: usize,
  from: usize,
  to: usize,
): void {
  const nibble = i8x16.splat(15)
  for (let at = from; at < to; at += TILE) {
    let a = i8x16.splat(0)
    let b = i8x16.splat(0)
    let c = i8x16.splat(0)
    let d = i8x16.splat(0)
    for (let column: usize = 0; column < sourceCount; column++) {
      const source = addressIn(sources, column) + at
      const x = v128.load(source)
      const y = v128.load(source, 16)
      const table = tables + column * 32
      let low = v128.load(table)
      let high = v128.load(table, 16)
      a = v128.xor(a, product(low, high, nibble, x))
      b = v128.xor(b, product(low, high, nibble, y))
      low = v128.load(table, ROW)
      high = v128.load(table, ROW + 16)
      c = v128.xor(c, product(low, high, nibble, x))
      d = v128.xor(d, product(low, high, nibble, y))
    }
    v128.store(first + at, a)
    v128.store(first + at, b, 16)
    v128.store(second + at, c)
    v128.store(second + at, d, 16)
  }
}

function combineOne(tables: usize, sources: usize, sourceCount: usize, target: usize, from: usize, to: usize): void {
  const nibble = i8x16.splat(15)
  for (let at = from; at < to; at += TILE) {
    let a = i8x16.splat(0)
    let b = i8x16.splat(0)
    for (let column: usize = 0; column < sourceCount; column++) {
      const source = addressIn(sources, column) + at
      const table = tables + column * 32
      const low = v128.load(table)
      const high = v128.load(table, 16)
      a = v128.xor(a, product(low, high, nibble, v128.load(source)))
      b = v128.xor(b, product(low, high, nibble, v128.load(source, 16)))
    }
    v128.store(target + at, a)
    v128.store(target + at, b, 16)
  }
}

/** What is left of a tile. */
function combineBytes(tables: usize, sources: usize, sourceCount: usize, target: usize, from: usize, to: usize): void {
  for (let at = from; at < to; at++) {
    let sum: u32 = 0
    for (let column: usize = 0; column < sourceCount; column++) {
      const byte = <usize>load<u8>(addressIn(sources, column) + at)
      const table = tables + column * 32
      sum ^= <u32>load<u8>(table + (byte & 15)) ^ <u32>load<u8>(table + (byte >> 4), 16)
    }
    store<u8>(target + at, <u8>sum)
  }
}

function product(low: v128, high: v128, nibble: v128, bytes: v128): v128 {
  const lows = i8x16.swizzle(low, v128.and(bytes, nibble))
  return v128.xor(lows, i8x16.swizzle(high, v128.and(i16x8.shr_u(bytes, 4), nibble)))
}

function addressIn(list: usize, index: usize): usize {
  return <usize>load<u32>(list + index * 4)
}
