/** Cuts content into chunks of one size: for media, which hardly change and are read in ranges. */
import { assert } from '../wire/assert.ts'
import { CHUNK_BYTES_MAX, CHUNK_BYTES_MIN } from '../wire/chunk-limits.ts'
import { assertWindow, type Window } from './window.ts'

/** The positions where chunks end, in order. */
export function cutFixed(chunkBytes: number, window: Window): number[] {
  assert(
    Number.isInteger(chunkBytes) && chunkBytes >= CHUNK_BYTES_MIN && chunkBytes <= CHUNK_BYTES_MAX,
    'a chunk size is within its limits',
  )
  assertWindow(window)
  const end = window.offset + window.lengthBytes
  const whole = Math.floor(window.lengthBytes / chunkBytes)
  const ends = Array.from({ length: whole }, (_, index) => window.offset + (index + 1) * chunkBytes)
  if (window.final && window.lengthBytes > whole * chunkBytes) ends.push(end)
  return ends
}
