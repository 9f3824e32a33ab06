/**
 * Finds the next place where content may be cut. Before each position stands a window of 32 bytes with the gear hash
 *
 *     hash = sum of words[byte j places back] << j,   j = 0..31,   modulo 2^32
 *
 * and content may be cut where `hash & mask` is zero. Looking up 256 words byte by byte is what makes gear hashing slow,
 * so a filter goes ahead that knows only the low half of the hash. That half depends on sixteen bytes and fits a lane of
 * 16 bits, and because the low half of a word is the XOR of two nibble tables, swizzles look it up. The range is split
 * into eight streams, one per lane, so that a lane rolls the plain recurrence `hash = 2 hash + word`:
 *
 *     first |--- stream 0 ---|--- stream 1 ---| ... |--- stream 7 ---|      eight bytes of each stream per step
 *
 * Every mask holds the bits 6 to 15. Where they are zero, one position in 1,024, the whole hash is computed.
 *
 * `tables` holds 256 words of 32 bits, then four nibble tables of 16 bytes: the low and the high byte of what the low
 * nibble adds to the low half, and the same two of the high nibble.
 */

const NIBBLE_TABLES: usize = 1024
const FILTER_SHIFT: i32 = 6
const STREAMS: usize = 8
const STEP: usize = 8
/** Long enough to be worth starting, short enough to waste little beyond a cut. Odd in cache lines, for the sets of a cache. */
const STREAM_MAX: usize = 2112
const STREAM_MIN: usize = 64
const NOWHERE: usize = usize.MAX_VALUE

/** The first position from <= p < to after whose window content may be cut, or 0. 32 bytes before `from` are readable. */
export function scan(tables: usize, from: usize, to: usize, mask: u32): usize {
  // A position is one beyond the last byte of its window; from here on, places are those of last bytes.
  let first = from - 1
  const end = to - 1
  for (;;) {
    const length = min((end - first) / STREAMS, STREAM_MAX) & ~(STEP - 1)
    if (length < STREAM_MIN) break
    const found = scanStreams(tables, first, length, mask)
    if (found !== NOWHERE) return found
    first += STREAMS * length
  }
  const found = scanPlainly(tables, first, end, mask)
  return found === NOWHERE ? 0 : found
}

function scanStreams(tables: usize, first: usize, length: usize, mask: u32): usize {
  const lowOfLow = v128.load(tables, NIBBLE_TABLES)
  const highOfLow = v128.load(tables, NIBBLE_TABLES + 16)
  const lowOfHigh = v128.load(tables, NIBBLE_TABLES + 32)
  const highOfHigh = v128.load(tables, NIBBLE_TABLES + 48)
  const end = first + length
  const nibble = i8x16.splat(15)
  let hash = i16x8.splat(0)
  let nearest = NOWHERE
  // Two steps ahead of the first position fill the window of the half hash.
  for (let at = first - 2 * STEP; at < end; at += STEP) {
    const a = zip8(v128.load64_zero(at), v128.load64_zero(at + length))
    const b = zip8(v128.load64_zero(at + 2 * length), v128.load64_zero(at + 3 * length))
    const c = zip8(v128.load64_zero(at + 4 * length), v128.load64_zero(at + 5 * length))
    const d = zip8(v128.load64_zero(at + 6 * length), v128.load64_zero(at + 7 * length))
    const abFirst = zip16(a, b)
    const abLast = zip16High(a, b)
    const cdFirst = zip16(c, d)
    const cdLast = zip16High(c, d)

    // Each `bytes` holds two places of all eight streams.
    let bytes = zip32(abFirst, cdFirst)
    let lows = lookUp(lowOfLow, lowOfHigh, nibble, bytes)
    let highs = lookUp(highOfLow, highOfHigh, nibble, bytes)
    hash = roll(hash, zip8(lows, highs))
    let least = hash
    hash = roll(hash, zip8High(lows, highs))
    least = i16x8.min_u(least, hash)

    bytes = zip32High(abFirst, cdFirst)
    lows = lookUp(lowOfLow, lowOfHigh, nibble, bytes)
    highs = lookUp(highOfLow, highOfHigh, nibble, bytes)
    hash = roll(hash, zip8(lows, highs))
    least = i16x8.min_u(least, hash)
    hash = roll(hash, zip8High(lows, highs))
    least = i16x8.min_u(least, hash)

    bytes = zip32(abLast, cdLast)
    lows = lookUp(lowOfLow, lowOfHigh, nibble, bytes)
    highs = lookUp(highOfLow, highOfHigh, nibble, bytes)
    hash = roll(hash, zip8(lows, highs))
    least = i16x8.min_u(least, hash)
    hash = roll(hash, zip8High(lows, highs))
    least = i16x8.min_u(least, hash)

    bytes = zip32High(abLast, cdLast)
    lows = lookUp(lowOfLow, lowOfHigh, nibble, bytes)
    highs = lookUp(highOfLow, highOfHigh, nibble, bytes)
    hash = roll(hash, zip8(lows, highs))
    least = i16x8.min_u(least, hash)
    hash = roll(hash, zip8High(lows, highs))
    least = i16x8.min_u(least, hash)

    // The filter's other bits, below FILTER_SHIFT, do not matter: the least lane value stands for all eight places.
    least = i16x8.shr_u(least, FILTER_SHIFT)
    if (!i16x8.all_true(least) && at >= first) {
      let lanes = i16x8.bitmask(i16x8.eq(least, i16x8.splat(0)))
      for (; lanes !== 0; lanes &= lanes - 1) {
        const place = at + <usize>ctz(lanes) * length
        nearest = min(nearest, scanPlainly(tables, place, place + STEP, mask))
      }
    }
  }
  return nearest
}

function scanPlainly(tables: usize, first: usize, end: usize, mask: u32): usize {
  let hash: u32 = 0
  for (let at = first - 31; at < first; at++) hash = (hash << 1) + load<u32>(tables + ((<usize>load<u8>(at)) << 2))
  for (let at = first; at < end; at++) {
    hash = (hash << 1) + load<u32>(tables + ((<usize>load<u8>(at)) << 2))
    if ((hash & mask) === 0) return at + 1
  }
  return NOWHERE
}

function lookUp(lowTable: v128, highTable: v128, nibble: v128, bytes: v128): v128 {
  const low = i8x16.swizzle(lowTable, v128.and(bytes, nibble))
  return v128.xor(low, i8x16.swizzle(highTable, v128.and(i16x8.shr_u(bytes, 4), nibble)))
}

function roll(hash: v128, words: v128): v128 {
  return i16x8.add(i16x8.add(hash, hash), words)
}

function zip8(a: v128, b: v128): v128 {
  return i8x16.shuffle(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23)
}

function zip8High(a: v128, b: v128): v128 {
  return i8x16.shuffle(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31)
}

function zip16(a: v128, b: v128): v128 {
  return i16x8.shuffle(a, b, 0, 8, 1, 9, 2, 10, 3, 11)
}

function zip16High(a: v128, b: v128): v128 {
  return i16x8.shuffle(a, b, 4, 12, 5, 13, 6, 14, 7, 15)
}

function zip32(a: v128, b: v128): v128 {
  return i32x4.shuffle(a, b, 0, 4, 1, 5)
}

function zip32High(a: v128, b: v128): v128 {
  return i32x4.shuffle(a, b, 2, 6, 3, 7)
}
