/**
 * Where one node keeps immutable shards. Segments on a disk, memory, and every wrapper around them pass
 * `shardStoreContract`.
 *
 * Words: a *put* makes a shard durable and answers a *receipt*; a *delete* moves it to the node's trash, where reads still
 * find it; a *purge* ends it. Orders come from the catalog: lineage says which catalog, sequence says when.
 */
import type { Id, Sha256, StripeId } from '@holdfast/core/wire/ids.ts'

export interface ShardId {
  readonly stripe: StripeId
  readonly index: number
}

export interface Order {
  readonly lineage: Id
  readonly sequence: number
}

/**
 * A shard's bytes with room before them, so that the node writes header and payload in one go without copying. `bytes` begins
 * at a multiple of 4,096 in its memory and is a multiple of 4,096 long; the payload stands at `payloadOffsetOf(payloadLength)`,
 * the block table before it is filled in, the first 256 bytes belong to the node, the rest is zero. Until the put has
 * settled, nobody else may touch it.
 */
export interface RecordBuffer {
  readonly bytes: Uint8Array
  readonly payloadLength: number
}

export interface ShardPut {
  readonly id: ShardId
  readonly dataShards: number
  readonly parityShards: number
  readonly bucket: Id
  readonly order: Order
  readonly sha256: Sha256
  readonly record: RecordBuffer
}

/** Given when the record, and every byte before it in its segment, is on disk. */
export interface Receipt {
  readonly sha256: Sha256
}

export interface ByteRange {
  readonly offset: number
  readonly length: number
}

export interface ShardEntry {
  readonly id: ShardId
  readonly lengthBytes: number
  readonly sha256: Sha256
  readonly bucket: Id
  readonly order: Order
  readonly trashed: boolean
}

export interface SegmentEnd {
  readonly segment: number
  readonly bytes: number
}

export interface ReportOptions {
  /** Ends of the segments from this one on, for there may be a hundred thousand; by default of all. */
  readonly endsFrom?: number
}

/** What a node says of itself at start and with each heartbeat. */
export interface NodeReport {
  readonly node: Id
  readonly disk: Id
  readonly starts: number
  /** Which start this is, besides its number: the same one may be told twice. */
  readonly start: Id
  /** The end of the last durable record of each segment that was asked for. One that went in a compaction is left out. */
  readonly segmentEnds: readonly SegmentEnd[]
  /** Every segment with a lower number is closed: its end stays as it was told. */
  readonly settledBelow: number
  /** Puts of a lower number are refused. */
  readonly closedBelow: number
  readonly capacityBytes: number
  readonly freeBytes: number
  /** Reads that the disk failed, since it was mounted. */
  readonly readErrors: number
  /** `suspect`: reads fail too often. `failed` is final: an fsync failed, nothing is written any more. `absent`: the disk's identity is not to be found. */
  readonly state: 'online' | 'suspect' | 'full' | 'failed' | 'absent'
}

export interface ShardStore extends AsyncDisposable {
  /**
   * The same id and hash under the same or a lower sequence is harmless and answers a receipt; under a higher one it is written anew, so
   * that a late delete of the older put cannot hit it. Another hash under a known id is refused.
   * @throws disk_full (nothing was kept), disk_failed, node_unavailable, overloaded (too much waits for this disk), conflict (other
   * bytes under this id), order_refused (a later delete or purge of this id is known, or the order is another catalog's),
   * session_ended (puts of this number were closed)
   */
  put(put: ShardPut): Promise<Receipt>
  /**
   * The whole shard (checked by SHA-256) or a range of it (checked by the CRC of each block it touches).
   * @throws shard_not_found, shard_corrupt, disk_failed, node_unavailable
   */
  get(id: ShardId, range?: ByteRange): Promise<Uint8Array>
  /**
   * A range as it stands on the disk, unchecked: for whoever can tell by the bytes themselves, as a sealed chunk's tag does. They are
   * read into `memory` where that is given and long enough, and else are the caller's alone.
   * @throws as `get`
   */
  getAsIs(id: ShardId, range: ByteRange, memory?: Uint8Array): Promise<Uint8Array>
  /** As `getAsIs`, at once, where the store thinks that the bytes are near; undefined where it had to wait. */
  getNow(id: ShardId, range: ByteRange): Uint8Array | undefined
  /** Into the trash. Ids that are not here are skipped. @throws order_refused if the put's order is not lower; overloaded as `list` */
  delete(ids: readonly ShardId[], order: Order): Promise<void>
  /** For good. @throws order_refused if the order is not higher than the put's and the delete's; overloaded as `list` */
  purge(ids: readonly ShardId[], order: Order): Promise<void>
  /**
   * From now on each put of a lower sequence is refused, also after a restart, and also where the shard is here already. Puts that
   * were let in before are awaited by the next `list`. A lower number than one before it changes nothing.
   * @throws order_refused if the order is another catalog's
   */
  closePuts(below: Order): Promise<void>
  /**
   * Entries in order of id, after `after`, trash included; every put that was asked for before and has not failed is among them.
   * @throws overloaded where one of these hangs: the disk may be well, and its readers lose nothing
   */
  list(options: { after?: ShardId; limit: number }): Promise<ShardEntry[]>
  report(options?: ReportOptions): Promise<NodeReport>
}
