/**
 * Where the sealed chunks of a stripe lie. A stripe is k data shards of equal length, read as one run of bytes:
 *
 *     0                                                                      k × L
 *     | chunk | chunk | gap | chunk | …                | zeros | table | trailer |
 *
 * A chunk shorter than 64 KiB never crosses the border between two shards, so that it is read from one node; a gap
 * stands before it where it would. The table names every chunk's place, id and nonce, so that places come back without a
 * catalog. `docs/formats.md`, *A stripe*, is the specification.
 */
import { assert } from '../wire/assert.ts'
import { CHUNK_ID_BYTES, NONCE_BYTES, SHARD_BYTES_MAX, TAG_BYTES } from './chunk-format.ts'

/** A chunk at least this long may cross a border between shards. */
export const CROSSING_BYTES_MIN = 64 * 1024
export const TABLE_ENTRY_BYTES = 64
export const TRAILER_BYTES = 64

const TABLE_FORMAT = 1
/** Reed-Solomon over 0x11D with the pinned matrix. */
const ERASURE_CODE = 1
const MAGIC = new TextEncoder().encode('HFTABLE1')
const TRAILER_CRC_AT = TRAILER_BYTES - 4

export interface StripeLayout {
  /** Of each chunk, in the order given. */
  readonly places: readonly number[]
  readonly shardBytes: number
  readonly tableAt: number
}

export interface TableEntry {
  readonly chunk: Uint8Array
  readonly place: number
  readonly storedBytes: number
  readonly plainBytes: number
  readonly keyEpoch: number
  readonly nonce: Uint8Array
  readonly suite: number
  readonly codec: number
}

/** A stripe of many data shards has shorter ones instead, so that its buffers stay within bounds. */
export const STRIPE_PLAIN_BYTES_MAX = 12 * 1024 * 1024

/**
 * How many plain bytes fit a stripe whatever their chunks turn out to be, and how long its shards can become: k shards less a
 * table, the tags, and the gaps. `chunkBytesMin` is the shortest chunk but for the last.
 */
export function stripeCapacity(
  dataShards: number,
  chunkBytesMin: number,
): { plainBytes: number; shardBytesMax: number } {
  const total = dataShards * SHARD_BYTES_MAX
  const chunksMax = Math.ceil(Math.min(total, STRIPE_PLAIN_BYTES_MAX) / chunkBytesMin) + 2
  // Compression makes long chunks short, so any border may have a gap.
  const overhead = chunksMax * (TABLE_ENTRY_BYTES + TAG_BYTES) + TRAILER_BYTES + dataShards * CROSSING_BYTES_MIN
  const plainBytes = Math.min(total - overhead, STRIPE_PLAIN_BYTES_MAX)
  return { plainBytes, shardBytesMax: Math.min(SHARD_BYTES_MAX, Math.ceil((plainBytes + overhead) / dataShards)) }
}

/** The shortest shards that hold chunks of these stored lengths, in this order. */
export function layoutStripe(storedBytes: readonly number[], dataShards: number): StripeLayout {
  const tail = storedBytes.length * TABLE_ENTRY_BYTES + TRAILER_BYTES
  let total = tail
  let longestShort = 0
  for (const length of storedBytes) {
    total += length
    if (length < CROSSING_BYTES_MIN) longestShort = Math.max(longestShort, length)
  }
  let shardBytes = Math.max(Math.ceil(total / dataShards), longestShort)
  for (;;) {
    const { starts, end } = placeChunks(storedBytes, shardBytes)
    const overflow = end + tail - shardBytes * dataShards
    if (overflow <= 0) {
      assert(shardBytes <= SHARD_BYTES_MAX, `a shard of ${shardBytes} bytes is too long`)
      return { places: starts, shardBytes, tableAt: shardBytes * dataShards - tail }
    }
    // Longer shards move the borders, so the overflow is spread over them and the packing is tried again.
    shardBytes += Math.ceil(overflow / dataShards)
  }
}

function placeChunks(storedBytes: readonly number[], shardBytes: number): { starts: number[]; end: number } {
  const starts: number[] = []
  let at = 0
  for (const length of storedBytes) {
    const border = (Math.floor(at / shardBytes) + 1) * shardBytes
    if (length < CROSSING_BYTES_MIN && at + length > border) at = border
    starts.push(at)
    at += length
  }
  return { starts, end: at }
}

/** A stripe names itself, so that what was decoded can be told from another stripe. */
export interface StripeName {
  readonly bucket: Uint8Array
  readonly stripe: Uint8Array
  readonly dataShards: number
  readonly parityShards: number
}

/** CRC-32 (IEEE), handed in because each runtime has its own fast one. */
export type Crc32 = (bytes: Uint8Array) => number

/** Table and trailer, to stand at `layout.tableAt`. */
export function encodeTable(
  name: StripeName,
  entries: readonly TableEntry[],
  layout: StripeLayout,
  crc32: Crc32,
): Uint8Array {
  const bytes = new Uint8Array(entries.length * TABLE_ENTRY_BYTES + TRAILER_BYTES)
  const view = new DataView(bytes.buffer)
  let at = 0
  for (const entry of entries) {
    bytes.set(entry.chunk, at)
    view.setUint32(at + 32, entry.place)
    view.setUint32(at + 36, entry.storedBytes)
    view.setUint32(at + 40, entry.plainBytes)
    view.setUint32(at + 44, entry.keyEpoch)
    bytes.set(entry.nonce, at + 48)
    bytes[at + 60] = entry.suite
    bytes[at + 61] = entry.codec
    at += TABLE_ENTRY_BYTES
  }
  bytes.set(MAGIC, at)
  view.setUint16(at + 8, TABLE_FORMAT)
  view.setUint32(at + 12, entries.length)
  view.setUint32(at + 16, layout.tableAt)
  bytes.set(name.bucket, at + 24)
  bytes.set(name.stripe, at + 40)
  bytes[at + 56] = name.dataShards
  bytes[at + 57] = name.parityShards
  bytes[at + 58] = ERASURE_CODE
  view.setUint32(at + TRAILER_CRC_AT, crc32(bytes.subarray(0, at + TRAILER_CRC_AT)))
  return bytes
}

export interface StripeTable {
  readonly name: StripeName
  readonly entries: readonly TableEntry[]
}

/** The table of a whole stripe, or undefined where there is none that is whole: the bytes come from disks. */
export function parseTable(stripe: Uint8Array, crc32: Crc32): StripeTable | undefined {
  const trailerAt = stripe.length - TRAILER_BYTES
  if (trailerAt < 0) return undefined
  const view = new DataView(stripe.buffer, stripe.byteOffset, stripe.byteLength)
  for (let i = 0; i < MAGIC.length; i++) if (stripe[trailerAt + i] !== MAGIC[i]) return undefined
  if (view.getUint16(trailerAt + 8) !== TABLE_FORMAT || stripe[trailerAt + 58] !== ERASURE_CODE) return undefined
  const count = view.getUint32(trailerAt + 12)
  const tableAt = trailerAt - count * TABLE_ENTRY_BYTES
  if (tableAt < 0 || view.getUint32(trailerAt + 16) !== tableAt) return undefined
  const crc = crc32(stripe.subarray(tableAt, trailerAt + TRAILER_CRC_AT))
  if (view.getUint32(trailerAt + TRAILER_CRC_AT) !== crc) return undefined
  const entries: TableEntry[] = []
  for (let at = tableAt; at < trailerAt; at += TABLE_ENTRY_BYTES) {
    const entry: TableEntry = {
      chunk: stripe.slice(at, at + CHUNK_ID_BYTES),
      place: view.getUint32(at + 32),
      storedBytes: view.getUint32(at + 36),
      plainBytes: view.getUint32(at + 40),
      keyEpoch: view.getUint32(at + 44),
      nonce: stripe.slice(at + 48, at + 48 + NONCE_BYTES),
      suite: stripe[at + 60] ?? 0,
      codec: stripe[at + 61] ?? 0,
    }
    if (entry.place + entry.storedBytes > tableAt) return undefined
    entries.push(entry)
  }
  const name: StripeName = {
    bucket: stripe.slice(trailerAt + 24, trailerAt + 40),
    stripe: stripe.slice(trailerAt + 40, trailerAt + 56),
    dataShards: stripe[trailerAt + 56] ?? 0,
    parityShards: stripe[trailerAt + 57] ?? 0,
  }
  return { name, entries }
}
