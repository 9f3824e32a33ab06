import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { describe, it } from 'node:test'
import { SimulatedDisk } from '../../../tests/simulation/simulated-disk.ts'
import { ClosingEntries, closingRecordLength, ENTRY_BYTES, FOOTER_BYTES, readClosingEntries } from './closing-index.ts'
import { KIND_SHARD, payloadOffsetOf, recordLengthOf, writeHeader } from './record.ts'
import { recordBufferOf, sha256Of } from './record-buffer.ts'
import { OWNER, seededRandom } from './segment-store.test-support.ts'
import { LINEAGE } from './shard-store-contract.ts'

const SEGMENT = 3
const BY = { lineage: LINEAGE, writtenAtMs: 5 }

interface Closed {
  readonly bytes: Buffer
  readonly entries: unknown[]
}

function closedSegment(records: number): Closed {
  const written: Buffer[] = []
  const entries: unknown[] = []
  const closing = new ClosingEntries()
  let offset = 0
  for (let number = 0; number < records; number++) {
    const payload = randomBytes(number)
    const { bytes, payloadLength } = recordBufferOf(payload)
    const subject = number.toString(16).padStart(32, '0')
    const bucket = 'b'.repeat(32)
    const shard = {
      subject,
      shardIndex: number % 5,
      payloadLength,
      sha256: sha256Of(payload),
      bucket,
      lineage: LINEAGE,
      sequence: number,
    }
    writeHeader(bytes, { kind: KIND_SHARD, writtenAtMs: 1, dataShards: 3, parityShards: 2, ...shard }, OWNER, {
      segment: SEGMENT,
      offset,
    })
    closing.add(bytes, offset)
    entries.push({ kind: KIND_SHARD, offset, ...shard })
    written.push(Buffer.from(bytes))
    offset += bytes.length
  }
  written.push(Buffer.from(closing.toRecord(OWNER, { segment: SEGMENT, offset }, BY)))
  return { bytes: Buffer.concat(written), entries }
}

async function read(bytes: Uint8Array, segment = SEGMENT): Promise<unknown> {
  const disk = new SimulatedDisk({ random: seededRandom(1) })
  disk.setContents('file', bytes)
  return await readClosingEntries(await disk.open('file', { mode: 'read' }), OWNER, segment)
}

describe('the index record of a closed segment', () => {
  it('lists all records before it', async () => {
    for (const count of [0, 1, 33, 34, 35, 700]) {
      const { bytes, entries } = closedSegment(count)
      assert.deepEqual(await read(bytes), entries)
    }
  })

  it('ends with its footer at the end of the file, however many entries it has', () => {
    for (let entries = 0; entries < 3000; entries += 7) {
      const length = closingRecordLength(entries)
      const record = new ClosingEntries().toRecord(OWNER, { segment: 1, offset: 0 }, BY)
      assert.equal(record.length, closingRecordLength(0))
      assert.equal(length % 4096, 0)
      assert.ok(length >= payloadOffsetOf(entries * ENTRY_BYTES) + entries * ENTRY_BYTES + FOOTER_BYTES)
      assert.ok(length <= recordLengthOf(entries * ENTRY_BYTES + FOOTER_BYTES) + 4096)
    }
  })

  it('counts for nothing in another segment, with a byte flipped, or in a file of another length', async () => {
    const { bytes, entries } = closedSegment(40)
    assert.equal(await read(bytes, SEGMENT + 1), undefined)
    const from = bytes.length - closingRecordLength(entries.length)
    for (let at = from; at < bytes.length; at += at < from + 300 || at > bytes.length - 40 ? 1 : 61) {
      // Four zeros between the table and the payload are nobody's.
      if (at >= from + 260 && at < from + 264) continue
      const flipped = Buffer.from(bytes)
      flipped[at] = (flipped[at] ?? 0) ^ 0x10
      assert.equal(await read(flipped), undefined, `byte ${at}`)
    }
    assert.equal(await read(Buffer.concat([bytes, Buffer.alloc(4096)])), undefined)
    assert.equal(await read(bytes.subarray(0, bytes.length - 4096)), undefined)
    for (const length of [0, 31, 4096]) assert.equal(await read(Buffer.alloc(length)), undefined)
  })
})
