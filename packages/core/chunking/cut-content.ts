/**
 * Cuts content where the content says so, so that an insertion moves the cuts near it and no others, and equal runs of
 * bytes become equal chunks wherever they stand.
 *
 * Before each position stands a window of 32 bytes; its gear hash against a mask says whether to cut. No chunk is
 * shorter than 32 bytes, so a cut depends on the bytes of its own chunk alone, and the first `minBytes` are skipped.
 *
 *     0        min            turn                     max
 *     |--none---|----strict----|--------easy------------|      strict: 4 times rarer than the average says, easy: 4 times
 *                                                              more frequent; at max a chunk ends anyhow
 *
 * The two masks (FastCDC's normalized chunking) draw the lengths together: with one mask, one chunk in six would end at
 * max, where the content did not ask for it. With turn = average - min / 2 the mean length on random bytes is close to
 * the average: 1.04 MiB computed for the default sizes, 1.03 MiB measured over 3 GiB, with 1 % of the chunks ending at max.
 *
 * Stored chunk lists depend on this page, like on the gear table: other cuts would store known content anew.
 */
import { GEAR_FILTER_MASK } from '../kernel/kernel.ts'
import { assert } from '../wire/assert.ts'
import { assertChunkSizes, type ChunkSizes } from './chunk-sizes.ts'
import { assertWindow, type Window } from './window.ts'

/**
 * The first position p, from <= p < to, where the hash of the window before p is zero under the mask. There are two,
 * `kernelScan` and `plainScan`, and they find the same.
 */
export type Scan = (from: number, to: number, mask: number) => number | undefined

/** As many as the kernel filters by. */
const FILTER_BITS = 10

/** The positions where chunks end, in order. */
export function cutContent(scan: Scan, sizes: ChunkSizes, window: Window): number[] {
  assertChunkSizes(sizes)
  assertWindow(window)
  const end = window.offset + window.lengthBytes
  const ends: number[] = []
  let start = window.offset
  let seen = start + (window.seenBytes ?? 0)
  for (;;) {
    const cut = nextCut(scan, sizes, { start, seen, end })
    if (cut === undefined) break
    ends.push(cut)
    start = cut
    seen = cut
  }
  if (window.final && start < end) ends.push(end)
  return ends
}

interface Rest {
  /** Where the chunk starts. */
  readonly start: number
  /** Up to here there is no cut. */
  readonly seen: number
  readonly end: number
}

function nextCut(
  scan: Scan,
  { minBytes, averageBytes, maxBytes }: ChunkSizes,
  { start, seen, end }: Rest,
): number | undefined {
  const averageBits = Math.log2(averageBytes)
  const turnBytes = Math.max(minBytes, averageBytes - Math.floor(minBytes / 2))
  const find = (fromBytes: number, toBytes: number, bits: number): number | undefined => {
    const from = Math.max(start + fromBytes, seen + 1)
    const to = Math.min(start + toBytes, end + 1)
    return from < to ? scan(from, to, gearMask(bits)) : undefined
  }
  const forced = start + maxBytes <= end ? start + maxBytes : undefined
  return find(minBytes, turnBytes, averageBits + 2) ?? find(turnBytes, maxBytes, averageBits - 2) ?? forced
}

/** A mask of so many bits: those of the filter, and others from the top, where a hash has taken in most of its window. */
export function gearMask(bits: number): number {
  assert(bits >= FILTER_BITS && bits < FILTER_BITS + 16, 'a mask holds the filter and fits the high half')
  return ((0xffff0000 << (16 - (bits - FILTER_BITS))) | GEAR_FILTER_MASK) >>> 0
}
