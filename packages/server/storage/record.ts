/**
 * A record is the unit that a segment holds: a header of 256 bytes, a table with one CRC-32 per block of the payload, and the
 * payload, padded with zeros to a multiple of 4,096 bytes. `docs/formats.md`, *Record*, is the specification.
 *
 *     | header 256 | block table | 0 | payload …                | 0 … |
 *     0            256               payloadOffsetOf(length)    recordLengthOf(length), a multiple of 4,096
 *
 * The header says where it stands (segment and offset), so that bytes which are whole but stand in the wrong place count for
 * nothing. Reading never throws: bytes from a disk are a value or a reason.
 */
import { createHash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { assert } from '@holdfast/core/wire/assert.ts'
import { asSha256, type Id, type Sha256 } from '@holdfast/core/wire/ids.ts'

export const RECORD_ALIGN = 4096
export const HEADER_BYTES = 256
export const BLOCK_BYTES = 65536
const RECORD_FORMAT = 1
export const SHARD_PAYLOAD_BYTES_MAX = 4 * 1024 * 1024
export const OTHER_PAYLOAD_BYTES_MAX = 16 * 1024 * 1024

export const KIND_SHARD = 1
export const KIND_TOMBSTONE = 2
export const KIND_JOURNAL = 3
export const KIND_SNAPSHOT = 4
export const KIND_IDENTITY = 5
export const KIND_INDEX = 6
export type RecordKind = 1 | 2 | 3 | 4 | 5 | 6

const MAGIC = Buffer.from('HFREC\r\n\x1a', 'latin1')
const SHA256_ALGORITHM = 1
const REED_SOLOMON_11D = 1
const ZEROS_FROM = 225
const TABLE_CRC_AT = 248
const HEADER_CRC_AT = 252
const ZERO_ID = '0'.repeat(32)
const ZERO_HASH = '0'.repeat(64)

/** Where a record stands. */
export interface Place {
  readonly segment: number
  readonly offset: number
}

/** Whose record it is. One of another cluster or another disk counts for nothing, wherever it stands. */
export interface RecordOwner {
  readonly cluster: Id
  readonly disk: Id
}

export interface RecordHeader {
  readonly kind: RecordKind
  readonly lineage: string
  readonly term: number
  readonly sequence: number
  readonly writtenAtMs: number
  /** Stripe id, snapshot id, or zeros: 32 hex digits. */
  readonly subject: string
  readonly shardIndex: number
  readonly dataShards: number
  readonly parityShards: number
  readonly payloadLength: number
  readonly sha256: Sha256
  /** Bucket id of a shard, or zeros: 32 hex digits. */
  readonly bucket: string
  /** SHA-256 of the payload before this one in the journal, or zeros: 64 hex digits. */
  readonly predecessor: string
  /** The last number that a journal record covers, or 0. */
  readonly coversTo: number
}

/** What a writer must say; what is left out is zero. The place and the checksums are the node's. */
export type NewHeader = Pick<RecordHeader, 'kind' | 'writtenAtMs' | 'payloadLength' | 'sha256'> & Partial<RecordHeader>

/** What the index knows of a shard's record. */
export interface ExpectedShard extends Place {
  /** Stripe id and shard index: 34 hex digits. */
  readonly key: string
  readonly sha256: Sha256
  readonly payloadLength: number
}

export type HeaderFlaw = 'short' | 'magic' | 'crc' | 'format_unknown' | 'foreign' | 'field'
export type ParsedHeader =
  | { readonly ok: true; readonly header: RecordHeader }
  | { readonly ok: false; readonly flaw: HeaderFlaw }

export function blocksOf(payloadLength: number): number {
  return Math.ceil(payloadLength / BLOCK_BYTES)
}

export function payloadOffsetOf(payloadLength: number): number {
  return HEADER_BYTES + Math.ceil(blocksOf(payloadLength) / 2) * 8
}

/** The length of the whole record, padding included. */
export function recordLengthOf(payloadLength: number): number {
  return alignUp(payloadOffsetOf(payloadLength) + payloadLength)
}

export function alignUp(length: number): number {
  return Math.ceil(length / RECORD_ALIGN) * RECORD_ALIGN
}

/**
 * Fills the block table of a record whose payload is in place, and answers the payload's SHA-256. Whoever made the payload calls this,
 * off the event loop.
 */
export function fillBlockTable(record: Uint8Array, payloadLength: number): Sha256 {
  const payloadOffset = payloadOffsetOf(payloadLength)
  assert(record.length >= payloadOffset + payloadLength, 'the record holds its payload')
  const view = new DataView(record.buffer, record.byteOffset, record.byteLength)
  const whole = createHash('sha256')
  for (let block = 0; block < blocksOf(payloadLength); block++) {
    const from = payloadOffset + block * BLOCK_BYTES
    const bytes = record.subarray(from, Math.min(from + BLOCK_BYTES, payloadOffset + payloadLength))
    view.setUint32(HEADER_BYTES + 4 * block, crc32(bytes))
    whole.update(bytes)
  }
  return asSha256(whole.digest('hex'))
}

/** True where the payload bytes of `block` are those that the record's table names. */
export function blockIsWhole(table: Buffer, block: number, bytes: Uint8Array): boolean {
  return table.readUInt32BE(4 * block) === crc32(bytes)
}

export function tableLengthOf(payloadLength: number): number {
  return 4 * blocksOf(payloadLength)
}

const draft = Buffer.alloc(HEADER_BYTES)

/** Writes the header into the first 256 bytes of `record`, whose block table is filled. */
export function writeHeader(record: Uint8Array, header: NewHeader, owner: RecordOwner, place: Place): void {
  const tableEnd = HEADER_BYTES + tableLengthOf(header.payloadLength)
  draft.fill(0)
  MAGIC.copy(draft, 0)
  draft.writeUInt16BE(RECORD_FORMAT, 8)
  draft[10] = header.kind
  draft[11] = SHA256_ALGORITHM
  draft.writeUInt32BE(payloadOffsetOf(header.payloadLength), 12)
  draft.write(owner.cluster, 16, 'hex')
  draft.write(header.lineage ?? ZERO_ID, 32, 'hex')
  draft.writeBigUInt64BE(BigInt(header.sequence ?? 0), 48)
  draft.writeBigUInt64BE(BigInt(header.writtenAtMs), 56)
  draft.write(header.subject ?? ZERO_ID, 64, 'hex')
  draft[80] = header.shardIndex ?? 0
  draft[81] = header.dataShards ?? 0
  draft[82] = header.parityShards ?? 0
  draft.writeUInt32BE(BLOCK_BYTES, 84)
  draft.writeBigUInt64BE(BigInt(header.payloadLength), 88)
  draft.write(header.sha256, 96, 'hex')
  draft.write(header.bucket ?? ZERO_ID, 128, 'hex')
  draft.write(header.predecessor ?? ZERO_HASH, 160, 'hex')
  draft.write(owner.disk, 192, 'hex')
  draft.writeBigUInt64BE(BigInt(header.term ?? 0), 208)
  draft.writeBigUInt64BE(BigInt(header.coversTo ?? 0), 216)
  draft[224] = header.kind === KIND_SHARD ? REED_SOLOMON_11D : 0
  draft.writeUInt32BE(crc32(record.subarray(HEADER_BYTES, tableEnd)), TABLE_CRC_AT)
  record.set(draft)
  moveHeader(record, place)
}

/** Gives a whole header another place: the one thing that changes when compaction copies a record. */
export function moveHeader(record: Uint8Array, place: Place): void {
  const view = new DataView(record.buffer, record.byteOffset, HEADER_BYTES)
  view.setBigUint64(144, BigInt(place.segment))
  view.setBigUint64(152, BigInt(place.offset))
  view.setUint32(HEADER_CRC_AT, crc32(record.subarray(0, HEADER_CRC_AT)))
}

/** Reads the header at the start of `bytes`, which were read at `place` of a disk of `owner`. */
export function parseHeader(bytes: Buffer, owner: RecordOwner, place: Place): ParsedHeader {
  if (bytes.length < HEADER_BYTES) return { ok: false, flaw: 'short' }
  if (bytes.compare(MAGIC, 0, MAGIC.length, 0, MAGIC.length) !== 0) return { ok: false, flaw: 'magic' }
  if (bytes.readUInt32BE(HEADER_CRC_AT) !== crc32(bytes.subarray(0, HEADER_CRC_AT))) return { ok: false, flaw: 'crc' }
  if (bytes.readUInt16BE(8) !== RECORD_FORMAT) return { ok: false, flaw: 'format_unknown' }
  if (!isOwned(bytes, owner, place)) return { ok: false, flaw: 'foreign' }
  const kind = bytes.readUInt8(10)
  const header = { ...numbersOf(bytes), kind }
  const sound =
    isKind(kind) &&
    bytes[11] === SHA256_ALGORITHM &&
    bytes[83] === 0 &&
    bytes[224] === (kind === KIND_SHARD ? REED_SOLOMON_11D : 0) &&
    bytes.subarray(ZEROS_FROM, TABLE_CRC_AT).every((byte) => byte === 0) &&
    bytes.readUInt32BE(84) === BLOCK_BYTES &&
    [header.sequence, header.term, header.writtenAtMs, header.coversTo].every(Number.isSafeInteger) &&
    header.payloadLength <= (kind === KIND_SHARD ? SHARD_PAYLOAD_BYTES_MAX : OTHER_PAYLOAD_BYTES_MAX) &&
    bytes.readUInt32BE(12) === payloadOffsetOf(header.payloadLength)
  if (!sound) return { ok: false, flaw: 'field' }
  return {
    ok: true,
    header: {
      ...header,
      kind,
      lineage: bytes.toString('hex', 32, 48),
      subject: bytes.toString('hex', 64, 80),
      shardIndex: bytes.readUInt8(80),
      dataShards: bytes.readUInt8(81),
      parityShards: bytes.readUInt8(82),
      // 32 bytes are 64 hex digits, so the brand holds.
      sha256: bytes.toString('hex', 96, 128) as Sha256,
      bucket: bytes.toString('hex', 128, 144),
      predecessor: bytes.toString('hex', 160, 192),
    },
  }
}

/** True where a header whose checksum is right names this owner and this place. */
function isOwned(bytes: Buffer, owner: RecordOwner, place: Place): boolean {
  return (
    numberAt(bytes, 144) === place.segment &&
    numberAt(bytes, 152) === place.offset &&
    bytes.toString('hex', 16, 32) === owner.cluster &&
    bytes.toString('hex', 192, 208) === owner.disk
  )
}

/** Whether `bytes` begin with the whole header of the shard that the index expects at this place. For the read path: it builds nothing. */
export function isShardAt(bytes: Buffer, owner: RecordOwner, expected: ExpectedShard): boolean {
  return (
    bytes.length >= HEADER_BYTES &&
    bytes.readUInt32BE(HEADER_CRC_AT) === crc32(bytes.subarray(0, HEADER_CRC_AT)) &&
    bytes.readUInt16BE(8) === RECORD_FORMAT &&
    bytes[10] === KIND_SHARD &&
    isOwned(bytes, owner, expected) &&
    bytes.toString('hex', 64, 81) === expected.key &&
    bytes.toString('hex', 96, 128) === expected.sha256 &&
    numberAt(bytes, 88) === expected.payloadLength
  )
}

/** True where `bytes`, which begin with a whole header, hold the block table that this header names. */
export function tableIsWhole(bytes: Buffer, payloadLength: number): boolean {
  const tableEnd = HEADER_BYTES + tableLengthOf(payloadLength)
  return bytes.length >= tableEnd && bytes.readUInt32BE(TABLE_CRC_AT) === crc32(bytes.subarray(HEADER_BYTES, tableEnd))
}

function isKind(kind: number): kind is RecordKind {
  return kind >= KIND_SHARD && kind <= KIND_INDEX
}

function numbersOf(
  bytes: Buffer,
): Pick<RecordHeader, 'sequence' | 'writtenAtMs' | 'payloadLength' | 'term' | 'coversTo'> {
  return {
    sequence: numberAt(bytes, 48),
    writtenAtMs: numberAt(bytes, 56),
    payloadLength: numberAt(bytes, 88),
    term: numberAt(bytes, 208),
    coversTo: numberAt(bytes, 216),
  }
}

/** Eight bytes as a number, exact as far as numbers are: what is larger is refused where it matters. */
function numberAt(bytes: Buffer, at: number): number {
  return bytes.readUInt32BE(at) * 2 ** 32 + bytes.readUInt32BE(at + 4)
}
