/** Which of these chunks need not be stored again: those that the bucket has, on enough good shards, and that are not condemned. */
import type { ChunkId } from '@holdfast/core/wire/ids.ts'
import type { Catalog } from '../catalog/catalog.ts'
import { findChunks } from '../catalog/transactions/find-chunks.ts'
import type { NamedChunk } from '../compute/compute.ts'
import type { Bucket } from './buckets.ts'

export async function withoutKnown(
  catalog: Catalog,
  bucket: Bucket,
  chunks: readonly NamedChunk[],
): Promise<NamedChunk[]> {
  const distinct = new Map<ChunkId, NamedChunk>()
  for (const chunk of chunks) if (!distinct.has(chunk.id)) distinct.set(chunk.id, chunk)
  const found = await catalog.read(findChunks, {
    bucket: bucket.id,
    chunks: [...distinct.keys()],
    goodShardsNeeded: true,
  })
  for (const { chunk } of found) distinct.delete(chunk)
  return [...distinct.values()]
}
