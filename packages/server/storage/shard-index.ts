/**
 * A cache of what a disk's segments say, so that a shard is found without reading them. It may lag behind the segments: it
 * knows of each segment how far it has read it, and what lies behind that is read again when the disk is opened. It is
 * never ahead: facts and the ends that cover them are kept together. Every call but `add` and `setSegment` may throw
 * `IndexFailedError`.
 */
import type { Id } from '@holdfast/core/wire/ids.ts'
import type { Fact } from './facts.ts'
import type { ShardKey } from './shard-key.ts'

export interface SegmentInfo {
  readonly segment: number
  /** Everything before this offset is in the index. */
  readonly endBytes: number
  /** A closed segment has its index record and is never written again. */
  readonly closed: boolean
  /** Bytes of records that are still wanted: shards that no purge has ended, journal and snapshot records. */
  readonly liveBytes: number
}

export interface ShardIndex extends AsyncDisposable {
  /** What is known of a key now; what is added later does not show in it. */
  facts(key: ShardKey): readonly Fact[]
  /** The facts of the keys after `after`, in order of key, at least one key whole where there is any. */
  factsAfter(after: ShardKey | undefined, factsMax: number): readonly Fact[]
  /** The caller knows that the fact is new. */
  add(fact: Fact): void
  remove(facts: readonly Fact[]): void
  segments(): SegmentInfo[]
  setSegment(info: SegmentInfo): void
  dropSegment(segment: number): void
  /** Hands what was added to the system. Called by the index itself soon enough; by others before they rely on it. */
  flush(): void
}

/** Whose index is asked for, and as of when: an index that was last open at another start of the disk is not taken. */
export interface IndexOrigin {
  readonly disk: Id
  /** The start counter before this start. */
  readonly starts: number
  /** False where the disk was away while its index was open: what was handed to the system may have been lost with it. */
  readonly trusted: boolean
}

/** The index cannot be read or written. It is a cache: unless only room is missing, the disk is opened anew without it. */
export class IndexFailedError extends Error {
  readonly isFull: boolean

  constructor(cause: unknown, isFull: boolean) {
    super('the index cannot be used', { cause })
    this.isFull = isFull
  }
}

export type OpenIndex = (origin: IndexOrigin) => Promise<ShardIndex>
