/**
 * A segment is closed by one last record that lists all the others, so that a lost index comes back from one read per
 * segment. Its payload is the entries, zeros, and a footer in the last 32 bytes of the file, which leads back to the record.
 *
 * The entry of a record is cut out of the record's own header: both keep the same fields in the same form.
 */
import { createHash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import type { Sha256 } from '@holdfast/core/wire/ids.ts'
import type { DiskFile } from '../seams/disk.ts'
import {
  alignUp,
  fillBlockTable,
  KIND_INDEX,
  type Place,
  parseHeader,
  payloadOffsetOf,
  RECORD_ALIGN,
  type RecordKind,
  type RecordOwner,
  recordLengthOf,
  tableIsWhole,
  writeHeader,
} from './record.ts'

export const ENTRY_BYTES = 112
export const FOOTER_BYTES = 32
const FOOTER_MAGIC = Buffer.from('HFINDEX1', 'latin1')

export interface ClosingEntry {
  readonly kind: RecordKind
  readonly shardIndex: number
  readonly payloadLength: number
  readonly offset: number
  /** Stripe id or zeros: 32 hex digits. */
  readonly subject: string
  readonly sequence: number
  readonly sha256: Sha256
  /** Bucket id or zeros: 32 hex digits. */
  readonly bucket: string
  readonly lineage: string
}

/** The entries of a segment that is being written, as the bytes that will close it. */
export class ClosingEntries {
  #bytes = Buffer.alloc(ENTRY_BYTES * 64)
  #count = 0

  get count(): number {
    return this.#count
  }

  /** Adds the record whose header stands at the start of `record`. */
  add(record: Uint8Array, offset: number): void {
    if ((this.#count + 1) * ENTRY_BYTES > this.#bytes.length) {
      const larger = Buffer.alloc(this.#bytes.length * 2)
      this.#bytes.copy(larger)
      this.#bytes = larger
    }
    const at = this.#count * ENTRY_BYTES
    this.#bytes[at] = record[10] ?? 0
    this.#bytes.set(record.subarray(80, 83), at + 1) // shard index, k, m
    this.#bytes.set(record.subarray(92, 96), at + 4) // payload length, lower half: no payload is longer than a segment
    this.#bytes.writeUInt32BE(offset / RECORD_ALIGN, at + 8)
    this.#bytes.set(record.subarray(64, 80), at + 16) // subject
    this.#bytes.set(record.subarray(48, 56), at + 32) // sequence
    this.#bytes.set(record.subarray(96, 128), at + 40) // SHA-256
    this.#bytes.set(record.subarray(128, 144), at + 72) // bucket
    this.#bytes.set(record.subarray(32, 48), at + 88) // lineage
    this.#count++
  }

  /** The whole record that closes the segment when it is written at `place` and the file ends behind it. */
  toRecord(owner: RecordOwner, place: Place, by: { lineage: string; writtenAtMs: number }): Uint8Array {
    const payloadLength = closingPayloadLength(this.#count)
    const payloadOffset = payloadOffsetOf(payloadLength)
    const record = Buffer.alloc(payloadOffset + payloadLength)
    const payload = record.subarray(payloadOffset)
    this.#bytes.copy(payload, 0, 0, this.#count * ENTRY_BYTES)
    writeFooter(payload.subarray(payloadLength - FOOTER_BYTES), place, this.#count)
    const sha256 = fillBlockTable(record, payloadLength)
    writeHeader(record, { kind: KIND_INDEX, ...by, payloadLength, sha256 }, owner, place)
    return record
  }
}

/** How long the record is that closes a segment of `entries` records. */
export function closingRecordLength(entries: number): number {
  return recordLengthOf(closingPayloadLength(entries))
}

/**
 * The entries of a closed segment, or undefined where it has no index record that is whole in every byte: then the segment
 * is walked instead.
 */
export async function readClosingEntries(
  file: DiskFile,
  owner: RecordOwner,
  segment: number,
): Promise<ClosingEntry[] | undefined> {
  const size = await file.size()
  if (size < RECORD_ALIGN || size % RECORD_ALIGN !== 0) return undefined
  const footer = Buffer.alloc(FOOTER_BYTES)
  if ((await file.read(footer, size - FOOTER_BYTES)) < FOOTER_BYTES) return undefined
  const found = parseFooter(footer, segment)
  if (found === undefined || found.offset + closingRecordLength(found.entries) !== size) return undefined
  const record = Buffer.alloc(size - found.offset)
  if ((await file.read(record, found.offset)) < record.length) return undefined
  const parsed = parseHeader(record, owner, { segment, offset: found.offset })
  if (!parsed.ok || parsed.header.kind !== KIND_INDEX) return undefined
  const { payloadLength } = parsed.header
  const payload = record.subarray(payloadOffsetOf(payloadLength))
  if (payload.length !== payloadLength || !tableIsWhole(record, payloadLength)) return undefined
  if (createHash('sha256').update(payload).digest('hex') !== parsed.header.sha256) return undefined
  return Array.from({ length: found.entries }, (_, place) => parseEntry(payload.subarray(place * ENTRY_BYTES)))
}

function parseEntry(entry: Buffer): ClosingEntry {
  return {
    // The SHA-256 of the whole index was right, and its writer copied the kind from a header that it had checked.
    kind: entry.readUInt8(0) as RecordKind,
    shardIndex: entry.readUInt8(1),
    payloadLength: entry.readUInt32BE(4),
    offset: entry.readUInt32BE(8) * RECORD_ALIGN,
    subject: entry.toString('hex', 16, 32),
    sequence: Number(entry.readBigUInt64BE(32)),
    sha256: entry.toString('hex', 40, 72) as Sha256,
    bucket: entry.toString('hex', 72, 88),
    lineage: entry.toString('hex', 88, 104),
  }
}

/** The record ends where the file ends, so the payload takes all that is left of the last 4,096 bytes. */
function closingPayloadLength(entries: number): number {
  const least = entries * ENTRY_BYTES + FOOTER_BYTES
  let length = alignUp(payloadOffsetOf(least) + least)
  // A longer payload may need a larger block table; one more step is always enough.
  while (length - payloadOffsetOf(length) < least) length += RECORD_ALIGN
  let payload = length - payloadOffsetOf(length)
  while (payloadOffsetOf(payload) + payload < length) payload += 8
  return payload
}

function writeFooter(footer: Buffer, { segment, offset }: Place, entries: number): void {
  FOOTER_MAGIC.copy(footer)
  footer.writeBigUInt64BE(BigInt(offset), 8)
  footer.writeUInt32BE(entries, 16)
  footer.writeBigUInt64BE(BigInt(segment), 20)
  footer.writeUInt32BE(crc32(footer.subarray(0, FOOTER_BYTES - 4)), FOOTER_BYTES - 4)
}

function parseFooter(footer: Buffer, segment: number): { offset: number; entries: number } | undefined {
  if (footer.compare(FOOTER_MAGIC, 0, FOOTER_MAGIC.length, 0, FOOTER_MAGIC.length) !== 0) return undefined
  if (footer.readUInt32BE(FOOTER_BYTES - 4) !== crc32(footer.subarray(0, FOOTER_BYTES - 4))) return undefined
  if (Number(footer.readBigUInt64BE(20)) !== segment) return undefined
  return { offset: Number(footer.readBigUInt64BE(8)), entries: footer.readUInt32BE(16) }
}
