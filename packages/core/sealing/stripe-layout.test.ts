import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { crc32 } from 'node:zlib'
import fc from 'fast-check'
import { SHARD_BYTES_MAX } from './chunk-format.ts'
import {
  CROSSING_BYTES_MIN,
  encodeTable,
  layoutStripe,
  parseTable,
  stripeCapacity,
  TABLE_ENTRY_BYTES,
  type TableEntry,
  TRAILER_BYTES,
} from './stripe-layout.ts'

const chunkLengths = fc.array(fc.integer({ min: 17, max: 200_000 }), { minLength: 1, maxLength: 20 })

describe('stripe layout', () => {
  it('keeps chunks apart, inside, and short ones within one shard', () => {
    fc.assert(
      fc.property(chunkLengths, fc.integer({ min: 3, max: 16 }), (lengths, k) => {
        const layout = layoutStripe(lengths, k)
        let end = 0
        for (const [i, length] of lengths.entries()) {
          const place = layout.places[i] ?? -1
          assert.ok(place >= end)
          end = place + length
          const crosses = Math.floor(place / layout.shardBytes) !== Math.floor((end - 1) / layout.shardBytes)
          if (length < CROSSING_BYTES_MIN) assert.ok(!crosses)
        }
        assert.ok(end <= layout.tableAt)
        assert.equal(layout.tableAt + lengths.length * TABLE_ENTRY_BYTES + TRAILER_BYTES, layout.shardBytes * k)
      }),
    )
  })

  it('wastes little: sixty files of 4 KiB cost under 6 % of gaps, tags and table', () => {
    const layout = layoutStripe(Array(60).fill(4112), 3)
    assert.ok(layout.shardBytes * 3 < 60 * 4096 * 1.06, `${layout.shardBytes * 3}`)
  })

  it('fits a stripe filled to its capacity, whatever its chunks', () => {
    for (const k of [1, 2, 3, 16]) {
      for (const minimum of [4096, 65_536, 262_144]) {
        const { plainBytes, shardBytesMax } = stripeCapacity(k, minimum)
        for (const length of [minimum, minimum + 1, 60_000, 65_535].filter((each) => each >= minimum)) {
          const lengths: number[] = []
          for (let left = plainBytes; left > 0; left -= length) lengths.push(Math.min(left, length) + 16)
          assert.ok(layoutStripe(lengths, k).shardBytes <= shardBytesMax)
          assert.ok(shardBytesMax <= SHARD_BYTES_MAX)
        }
      }
    }
  })

  it('reads its table back from the stripe, and refuses a table with any flipped byte', () => {
    const lengths = [100, 70_000, 5000]
    const layout = layoutStripe(lengths, 3)
    const name = {
      bucket: new Uint8Array(16).fill(7),
      stripe: new Uint8Array(16).fill(8),
      dataShards: 3,
      parityShards: 2,
    }
    const entries: TableEntry[] = lengths.map((storedBytes, i) => ({
      chunk: new Uint8Array(32).fill(i + 1),
      place: layout.places[i] ?? 0,
      storedBytes,
      plainBytes: storedBytes - 16,
      keyEpoch: 1,
      nonce: new Uint8Array(12).fill(i),
      suite: 1,
      codec: 0,
    }))
    const stripe = new Uint8Array(layout.shardBytes * 3)
    stripe.set(encodeTable(name, entries, layout, crc32), layout.tableAt)
    assert.deepEqual(parseTable(stripe, crc32), { name, entries })
    for (let at = layout.tableAt; at < stripe.length; at++) {
      stripe[at] = (stripe[at] ?? 0) ^ 1
      assert.equal(parseTable(stripe, crc32), undefined, `byte ${at}`)
      stripe[at] = (stripe[at] ?? 0) ^ 1
    }
  })
})
