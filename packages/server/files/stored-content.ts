import type { ChunkId, Id, Sha256 } from '@holdfast/core/wire/ids.ts'
import type { OfferedPage } from '../catalog/references.ts'

/**
 * A content whose chunks are durable on a write quorum: what a version commit refers to. A content has a lone chunk, or pages, or,
 * where it is empty, neither.
 */
export interface StoredContent {
  readonly size: number
  readonly sha256: Sha256
  readonly chunk: ChunkId | null
  /** Without entries where the catalog has them already. */
  readonly pages: readonly OfferedPage[] | null
  /** Sessions beside the upload's own that its stripes belong to. */
  readonly sessions: readonly Id[]
  /** Posts the stripe commits that are still open; the version commit may be posted right behind them. */
  commitStripes(): Promise<unknown>
  /** When the version is committed or never will be. */
  release(): void
}
