/**
 * What catalog transactions take and give. Ids and hashes are hex, paths are text, times are milliseconds since 1970; the
 * words are those of `docs/formats.md`, *The catalog*.
 */

import type { ChunkId, Id, Sha256, StripeId } from '@holdfast/core/wire/ids.ts'
import type { Strategy } from '@holdfast/core/wire/strategy.ts'

export type ShardState = 'durable' | 'expected' | 'damaged' | 'missing'

export interface ShardRow {
  readonly node: number
  readonly state: ShardState
  /** While a shard moves, its index stands on two nodes. */
  readonly index: number
  /** The order of its put. */
  readonly sequence: number
  /** Days since 1970; 0 is never. */
  readonly verifiedDay: number
  readonly sha256: Sha256
}

/** A stripe as its writer knows it. */
export interface NewStripe {
  readonly stripe: StripeId
  readonly bucket: Id
  readonly dataShards: number
  readonly parityShards: number
  readonly shardBytes: number
  /** The order of its puts: its session's. */
  readonly sequence: number
  readonly shards: readonly ShardRow[]
  readonly createdAt: number
}

export interface StripeRow extends NewStripe {
  readonly condemned: number | null
}

export interface ChunkPlace {
  readonly chunk: ChunkId
  readonly stripe: StripeId
  /** Offset in the stripe. */
  readonly place: number
  readonly storedBytes: number
  readonly plainBytes: number
  readonly nonce: Uint8Array
  readonly suite: number
  readonly codec: number
  readonly keyEpoch: number
}

/** Who changed something, when and in which request; becomes one row of the outbox. */
export interface Change {
  readonly changeId: Id
  readonly atMs: number
  readonly actor: string
  readonly requestId: string
}

/** Under which claimed key a request runs, and what it carried; its answer is built where it is committed. */
export interface Idempotency {
  readonly keyHash: Sha256
  readonly bodySha256: Sha256
}

/** Whose change a version's vector clock counts. */
export interface Authorship {
  readonly author?: Id | null
  /** A device or a gateway; a change that is made for no device counts under the bucket's id. */
  readonly actorClock?: Id
}

export interface FileRow {
  readonly file: Id
  readonly bucket: Id
  readonly path: string
  readonly version: Id
  readonly size: number
  readonly sha256: Sha256
  readonly contentType: string | null
  readonly modifiedAt: number
  /** Only where one file is asked for by its id. */
  readonly tags?: Readonly<Record<string, string>>
}

export interface PageRef {
  readonly page: Id
  readonly entries: number
  readonly plainBytes: number
}

/** A content version has a lone chunk, or pages, or neither where its size is 0. */
export interface VersionRow {
  readonly file: Id
  readonly version: Id
  readonly kind: 'content' | 'deleted'
  readonly size: number
  readonly sha256: Sha256 | null
  readonly contentType: string | null
  readonly strategy: Strategy | null
  readonly modifiedAt: number
  readonly createdAt: number
  readonly author: Id | null
  readonly clock: Uint8Array
  readonly chunk: ChunkId | null
  readonly pages: readonly PageRef[] | null
}

export interface BucketRow {
  readonly bucket: Id
  readonly name: string
  readonly kind: 'plain' | 'sealed'
  /** JSON. */
  readonly policy: string
  readonly policyVersion: number
  readonly wrappedIdKey: Uint8Array
  readonly keys: readonly { readonly epoch: number; readonly wrappedKey: Uint8Array }[]
  readonly createdAt: number
}

export interface ClusterRow {
  readonly clusterId: Id
  readonly lineage: Id
  readonly sequence: number
  readonly recoveryPublicKey: Uint8Array
  readonly sealedHeader: Uint8Array
  readonly createdAt: number
}

export interface SegmentEnd {
  readonly segment: number
  readonly bytes: number
}

export interface NodeRow {
  readonly number: number
  readonly node: Id
  readonly disk: Id
  readonly name: string
  readonly zone: string
  readonly region: string
  readonly weight: number
  readonly state: string
  readonly capacityBytes: number
  readonly freeBytes: number
  readonly starts: number
  /** The id of its last start. */
  readonly start: Id
  readonly joinedAt: number
  readonly seenAt: number
  /** Whatever was written on it since then belongs to a stripe behind this one. */
  readonly recentAfter: StripeId
  /** When its disk was found behind what was last seen of it, where nobody has looked at it since. */
  readonly rolledBackAt: number | null
  /** Its debris of every session below this number was cleared; 0 where nobody has looked. */
  readonly comparedTo: number
  /** Where a walk through all that it holds has come to, while there is one: only up to here does `comparedTo` hold. */
  readonly walkedTo: StripeId | null
}
