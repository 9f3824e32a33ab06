import assert from 'node:assert/strict'
import { hash, randomBytes } from 'node:crypto'
import { describe, it } from 'node:test'
import { crc32 } from 'node:zlib'
import {
  BLOCK_BYTES,
  fillBlockTable,
  HEADER_BYTES,
  KIND_SHARD,
  moveHeader,
  type NewHeader,
  OTHER_PAYLOAD_BYTES_MAX,
  parseHeader,
  payloadOffsetOf,
  RECORD_ALIGN,
  recordLengthOf,
  SHARD_PAYLOAD_BYTES_MAX,
  tableIsWhole,
  writeHeader,
} from './record.ts'
import { recordBufferOf, sha256Of } from './record-buffer.ts'
import { OWNER } from './segment-store.test-support.ts'

const PLACE = { segment: 7, offset: 40_960 }

const header: NewHeader = {
  kind: KIND_SHARD,
  lineage: '1'.repeat(32),
  term: 3,
  sequence: 2 ** 40 + 5,
  writtenAtMs: 1_790_000_000_000,
  subject: '2'.repeat(32),
  shardIndex: 4,
  dataShards: 3,
  parityShards: 2,
  payloadLength: 100_000,
  sha256: sha256Of(new Uint8Array(0)),
  bucket: '3'.repeat(32),
  predecessor: '4'.repeat(64),
  coversTo: 9,
}

function recordOf(change: Partial<NewHeader> = {}): Buffer {
  const { bytes } = recordBufferOf(Buffer.alloc(header.payloadLength, 5))
  writeHeader(bytes, { ...header, ...change }, OWNER, PLACE)
  return Buffer.from(bytes.buffer)
}

/** Changes bytes and makes the header's checksum right again, as a writer of that header would have. */
function rewritten(change: (record: Buffer) => void): Buffer {
  const record = recordOf()
  change(record)
  record.writeUInt32BE(crc32(record.subarray(0, 252)), 252)
  return record
}

describe('a record', () => {
  it('gives back the header that was written, at its place only', () => {
    const parsed = parseHeader(recordOf(), OWNER, PLACE)
    assert.deepEqual(parsed, { ok: true, header })
    for (const place of [
      { ...PLACE, segment: 8 },
      { ...PLACE, offset: 0 },
    ]) {
      assert.deepEqual(parseHeader(recordOf(), OWNER, place), { ok: false, flaw: 'foreign' })
    }
  })

  it('is foreign on another disk and in another cluster', () => {
    const other = 'f'.repeat(32) as typeof OWNER.disk
    assert.deepEqual(parseHeader(recordOf(), { ...OWNER, disk: other }, PLACE), { ok: false, flaw: 'foreign' })
    assert.deepEqual(parseHeader(recordOf(), { ...OWNER, cluster: other }, PLACE), { ok: false, flaw: 'foreign' })
  })

  it('is whole at another place once it was moved there', () => {
    const record = recordOf()
    moveHeader(record, { segment: 9, offset: 4096 })
    assert.deepEqual(parseHeader(record, OWNER, { segment: 9, offset: 4096 }), { ok: true, header })
  })

  it('counts for nothing when any bit of its header is flipped', () => {
    const record = recordOf()
    for (let bit = 0; bit < HEADER_BYTES * 8; bit++) {
      const flipped = Buffer.from(record)
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      assert.equal(parseHeader(flipped, OWNER, PLACE).ok, false, `bit ${bit}`)
    }
  })

  it('is refused where its fields say what this format does not know', () => {
    const refused = (change: (record: Buffer) => void): string => {
      const parsed = parseHeader(rewritten(change), OWNER, PLACE)
      return parsed.ok ? 'ok' : parsed.flaw
    }
    assert.equal(
      refused((record) => record.writeUInt16BE(2, 8)),
      'format_unknown',
    )
    for (const [at, value] of [
      [10, 0],
      [10, 7],
      [11, 2],
      [83, 1],
      [84, 1],
      [224, 2],
      [225, 1],
      [247, 1],
      [48, 0xff],
      [15, 0],
    ] as const) {
      assert.equal(
        refused((record) => record.writeUInt8(value, at)),
        'field',
        `byte ${at}`,
      )
    }
  })

  it('is refused where its payload is longer than its kind allows', () => {
    for (const [kind, max] of [
      [1, SHARD_PAYLOAD_BYTES_MAX],
      [2, OTHER_PAYLOAD_BYTES_MAX],
    ] as const) {
      const longest = recordLike(kind, max)
      assert.equal(parseHeader(longest, OWNER, PLACE).ok, true)
      assert.equal(parseHeader(recordLike(kind, max + 1), OWNER, PLACE).ok, false)
    }
  })

  it('never throws, whatever the bytes', () => {
    for (let length = 0; length < 600; length += 7) parseHeader(randomBytes(length), OWNER, PLACE)
  })

  it('is aligned, and has room for header, table and payload', () => {
    for (const length of [0, 1, 3832, 3836, 3837, BLOCK_BYTES, BLOCK_BYTES + 1, 2 ** 21, SHARD_PAYLOAD_BYTES_MAX]) {
      const offset = payloadOffsetOf(length)
      assert.equal(offset % 8, 0)
      assert.ok(offset >= HEADER_BYTES + 4 * Math.ceil(length / BLOCK_BYTES))
      assert.equal(recordLengthOf(length) % RECORD_ALIGN, 0)
      assert.ok(recordLengthOf(length) >= offset + length && recordLengthOf(length) < offset + length + RECORD_ALIGN)
    }
  })

  it('has one CRC-32 per 64 KiB and the hash of all, also in shared memory', () => {
    const payload = randomBytes(BLOCK_BYTES + 10)
    const shared = new Uint8Array(new SharedArrayBuffer(recordLengthOf(payload.length)))
    const payloadOffset = payloadOffsetOf(payload.length)
    shared.set(payload, payloadOffset)
    assert.equal(fillBlockTable(shared, payload.length), hash('sha256', payload))
    const view = new DataView(shared.buffer)
    assert.equal(view.getUint32(256), crc32(payload.subarray(0, BLOCK_BYTES)))
    assert.equal(view.getUint32(260), crc32(payload.subarray(BLOCK_BYTES)))
  })

  it('knows a damaged block table', () => {
    const record = recordOf()
    assert.equal(tableIsWhole(record, header.payloadLength), true)
    record[257] = (record[257] ?? 0) ^ 1
    assert.equal(tableIsWhole(record, header.payloadLength), false)
  })
})

/** The first bytes of a record of this kind and length; the rest is not looked at. */
function recordLike(kind: 1 | 2, payloadLength: number): Buffer {
  const bytes = Buffer.alloc(8192)
  writeHeader(bytes, { kind, writtenAtMs: 0, payloadLength, sha256: header.sha256 }, OWNER, PLACE)
  return bytes
}
