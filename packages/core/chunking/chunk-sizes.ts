/** The sizes that content-defined chunks may have. */
import { assert } from '../wire/assert.ts'
import { CHUNK_BYTES_MAX, CHUNK_BYTES_MIN } from '../wire/chunk-limits.ts'

export interface ChunkSizes {
  /** No chunk is shorter, but the last of a content. */
  readonly minBytes: number
  /** A power of two, and about the mean on bytes without structure. */
  readonly averageBytes: number
  /** Where nothing in the content says where to cut, it is cut here. */
  readonly maxBytes: number
}

export const defaultChunkSizes: ChunkSizes = {
  minBytes: 256 * 1024,
  averageBytes: 1024 * 1024,
  maxBytes: CHUNK_BYTES_MAX,
}

export function areChunkSizes({ minBytes, averageBytes, maxBytes }: ChunkSizes): boolean {
  return (
    [minBytes, averageBytes, maxBytes].every(Number.isInteger) &&
    CHUNK_BYTES_MIN <= minBytes &&
    minBytes <= averageBytes &&
    averageBytes <= maxBytes &&
    maxBytes <= CHUNK_BYTES_MAX &&
    Number.isInteger(Math.log2(averageBytes))
  )
}

export function assertChunkSizes(sizes: ChunkSizes): void {
  assert(areChunkSizes(sizes), 'chunk sizes are within their limits')
}
