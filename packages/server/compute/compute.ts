/**
 * The seam to the work that costs processor time: cutting, naming, compressing, encrypting, erasure coding and hashing on the
 * way in; opening and rebuilding on the way out. On a gateway it runs on a pool of threads, each with a memory that the
 * main thread sees too; in the simulator it runs inline.
 *
 * A *slot* is the memory for one stripe: the caller fills it with plain bytes straight from the socket, and the records that come of
 * them take their place, which nodes write to disk straight from there. All slots come from one byte budget: `open`
 * waits in turn, so that whoever waits has not read from its socket yet.
 */
import type { ChunkId, Id, Sha256, StripeId } from '@holdfast/core/wire/ids.ts'
import type { RecordBuffer } from '../storage/shard-store.ts'

export interface StripeShape {
  readonly dataShards: number
  readonly parityShards: number
}

/** What seals and opens the chunks of one bucket at one epoch. */
export interface ChunkKeys {
  readonly bucket: Id
  readonly idKey: Uint8Array
  readonly dataKey: Uint8Array
  readonly keyEpoch: number
}

export interface ChunkSizes {
  readonly minBytes: number
  readonly averageBytes: number
  readonly maxBytes: number
}

/** A chunk of the slot's plain area, with its name. */
export interface NamedChunk {
  readonly offset: number
  readonly length: number
  readonly id: ChunkId
}

export interface CutRequest {
  readonly keys: ChunkKeys
  readonly offset: number
  readonly length: number
  /** Cut by content, or always after `maxBytes`. */
  readonly byContent: boolean
  readonly sizes: ChunkSizes
  /** True where no more bytes follow: then the last chunk ends with the bytes. */
  readonly final: boolean
}

export interface SealRequest {
  readonly stripe: StripeId
  readonly keys: ChunkKeys
  readonly shape: StripeShape
  readonly chunks: readonly NamedChunk[]
  readonly compress: boolean
}

/** Where a sealed chunk lies in its stripe, and what opens it. */
export interface SealedPlace {
  readonly chunk: ChunkId
  readonly place: number
  readonly storedBytes: number
  readonly plainBytes: number
  readonly nonce: Uint8Array
  readonly suite: number
  readonly codec: number
  readonly keyEpoch: number
}

export interface SealedStripe {
  readonly shardBytes: number
  readonly places: readonly SealedPlace[]
  readonly hashes: readonly Sha256[]
  readonly records: readonly RecordBuffer[]
}

export interface SlotSize {
  readonly plainBytes: number
  readonly shape: StripeShape
  /** The longest shard that the plain bytes can become. */
  readonly shardBytesMax: number
}

export interface StripeSlot {
  readonly plain: Uint8Array
  /** All of its memory: room for each record at its longest. */
  readonly memoryBytes: number
  cut(request: CutRequest): Promise<NamedChunk[]>
  /** May be called once per slot: the records stand in it from then on until `release`, and nothing plain. */
  seal(request: SealRequest): Promise<SealedStripe>
  /** Only when nothing reads or writes the slot's memory any more. */
  release(): void
}

export interface Shard {
  readonly index: number
  readonly bytes: Uint8Array
}

/** What is longer is cut on a worker. */
export const CUT_NOW_BYTES_MAX = 1024 * 1024

export interface Compute extends AsyncDisposable {
  /** How many wait for a slot now. */
  readonly waiting: number
  /** Waits until the budget has room, first come first served. An abort gives the place in the queue up. */
  open(size: SlotSize, signal?: AbortSignal): Promise<StripeSlot>
  /** The same at once, or undefined where someone waits or there is no room. */
  tryOpen(size: SlotSize): StripeSlot | undefined
  /** Cuts and names a small file. */
  cutNow(keys: ChunkKeys, plain: Uint8Array, sizes: ChunkSizes): NamedChunk[]
  /** The plain bytes in pieces of this length, each the caller's alone, or undefined where the tag, the codec or the length do not fit. */
  openChunk(keys: ChunkKeys, place: SealedPlace, sealed: Uint8Array, pieceBytes: number): Uint8Array[] | undefined
  /** The same range of the wanted shards, from the same range of any k others. */
  rebuild(shape: StripeShape, present: readonly Shard[], wanted: readonly number[]): Uint8Array[]
}
