/**
 * Walks the records of a segment file in order. Where a header is whole, its length leads to the next record; where it is not,
 * the next 4,096-aligned whole header is searched to the end of the file, so that a torn or damaged place never hides what
 * stands behind it.
 *
 * A record whose payload does not match its block table is passed over: at the end of a segment that is a put which a crash
 * tore before its receipt, elsewhere it is damage. Either way the places are counted, and nothing is cut off.
 */
import { HoldfastError } from '@holdfast/core/wire/errors.ts'
import { type DiskFile, systemCodeOf } from '../seams/disk.ts'
import { readTwice } from './read-retry.ts'
import {
  BLOCK_BYTES,
  blockIsWhole,
  blocksOf,
  HEADER_BYTES,
  type ParsedHeader,
  parseHeader,
  payloadOffsetOf,
  RECORD_ALIGN,
  type RecordHeader,
  type RecordOwner,
  recordLengthOf,
  tableIsWhole,
  tableLengthOf,
} from './record.ts'

/** One read takes the headers of four of the smallest records. */
const WINDOW_BYTES = 4 * RECORD_ALIGN
/** A payload is verified in pieces of this many blocks, so that memory does not grow with the record. */
const BLOCKS_AT_ONCE = 16
const ZEROS = Buffer.alloc(RECORD_ALIGN)

export interface FoundRecord {
  readonly header: RecordHeader
  readonly offset: number
  readonly lengthBytes: number
  /** The first 256 bytes as they are stored; valid until the walk goes on. */
  readonly headerBytes: Buffer
}

export interface Walked {
  /** The end of the last thing that is not zero: what is written next stands here, and nothing is ever overwritten. */
  readonly usedBytes: number
  /** Records that are not whole, and runs of other bytes that are no record. */
  readonly damagedPlaces: number
}

export async function walkSegment(
  file: DiskFile,
  owner: RecordOwner,
  from: { segment: number; offset: number },
  visit: (found: FoundRecord) => Promise<void> | void,
): Promise<Walked> {
  const size = await file.size()
  const window = new Window(file, size)
  let usedBytes = from.offset
  let damagedPlaces = 0
  let inDamage = false
  let offset = from.offset
  while (offset < size) {
    const page = await window.pageAt(offset)
    const parsed: ParsedHeader =
      page === undefined ? { ok: false, flaw: 'short' } : parseHeader(page, owner, { segment: from.segment, offset })
    if (!parsed.ok) {
      refuseNewer(parsed.flaw, from.segment, offset)
      const empty = page !== undefined && ZEROS.subarray(0, page.length).equals(page)
      if (!empty) usedBytes = offset + RECORD_ALIGN
      if (!empty && !inDamage) damagedPlaces++
      inDamage = !empty
      offset += RECORD_ALIGN
      continue
    }
    inDamage = false
    const { header } = parsed
    const lengthBytes = recordLengthOf(header.payloadLength)
    const headerBytes = Buffer.from(page?.subarray(0, HEADER_BYTES) ?? [])
    if (await payloadIsWhole(file, offset, header.payloadLength))
      await visit({ header, offset, lengthBytes, headerBytes })
    else damagedPlaces++
    offset += lengthBytes
    usedBytes = offset
  }
  return { usedBytes, damagedPlaces }
}

/** Whether the payload of a record with a whole header matches the record's block table, and the table its checksum. */
export async function payloadIsWhole(file: DiskFile, offset: number, payloadLength: number): Promise<boolean> {
  const head = Buffer.alloc(HEADER_BYTES + tableLengthOf(payloadLength))
  if (!(await fills(file, head, offset)) || !tableIsWhole(head, payloadLength)) return false
  const table = head.subarray(HEADER_BYTES)
  const payload = offset + payloadOffsetOf(payloadLength)
  const blocks = blocksOf(payloadLength)
  const bytes = Buffer.alloc(Math.min(blocks, BLOCKS_AT_ONCE) * BLOCK_BYTES)
  for (let first = 0; first < blocks; first += BLOCKS_AT_ONCE) {
    const piece = bytes.subarray(0, Math.min(bytes.length, payloadLength - first * BLOCK_BYTES))
    if (!(await fills(file, piece, payload + first * BLOCK_BYTES))) return false
    for (let from = 0; from < piece.length; from += BLOCK_BYTES) {
      if (!blockIsWhole(table, first + from / BLOCK_BYTES, piece.subarray(from, from + BLOCK_BYTES))) return false
    }
  }
  return true
}

/** A newer format's record is no damage: who does not know it must not write beside it or compact it away. */
function refuseNewer(flaw: string, segment: number, offset: number): void {
  if (flaw !== 'format_unknown') return
  throw new HoldfastError(
    'format_unknown',
    `the record at ${offset} of segment ${segment} was written by a newer Holdfast`,
  )
}

/** Fills `into` from `position`; false where the file ends before, or the disk cannot read it. */
async function fills(file: DiskFile, into: Uint8Array, position: number): Promise<boolean> {
  try {
    return (await readTwice(file, into, position)) === into.length
  } catch (error) {
    if (systemCodeOf(error) === 'EIO') return false
    throw error
  }
}

/** The pages of a file, several per read. A page that the disk cannot read is undefined; its neighbours are not. */
class Window {
  readonly #file: DiskFile
  readonly #size: number
  readonly #bytes = Buffer.alloc(WINDOW_BYTES)
  #from = 0
  #length = 0

  constructor(file: DiskFile, size: number) {
    this.#file = file
    this.#size = size
  }

  async pageAt(offset: number): Promise<Buffer | undefined> {
    if (offset < this.#from || offset + RECORD_ALIGN > this.#from + this.#length) {
      const whole = await this.#load(offset, Math.min(WINDOW_BYTES, this.#size - offset))
      if (!whole && !(await this.#load(offset, Math.min(RECORD_ALIGN, this.#size - offset)))) return undefined
    }
    const at = offset - this.#from
    return this.#bytes.subarray(at, Math.min(at + RECORD_ALIGN, this.#length))
  }

  async #load(from: number, length: number): Promise<boolean> {
    this.#from = from
    this.#length = 0
    if (!(await fills(this.#file, this.#bytes.subarray(0, length), from))) return false
    this.#length = length
    return true
  }
}
