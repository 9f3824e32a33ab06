import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { describe, it } from 'node:test'
import { crc32 } from 'node:zlib'
import { SHARD_BYTES_MAX } from '@holdfast/core/sealing/chunk-format.ts'
import { parseTable } from '@holdfast/core/sealing/stripe-layout.ts'
import { asId, asStripeId } from '@holdfast/core/wire/ids.ts'
import { systemRandom } from '../seams/random.ts'
import { payloadOffsetOf, recordLengthOf } from '../storage/record.ts'
import type { ChunkKeys, Compute, SealedStripe, StripeShape } from './compute.ts'
import { InlineCompute } from './inline-compute.ts'
import { WorkerPool } from './worker-pool.ts'

const MiB = 1024 * 1024
const keys: ChunkKeys = {
  bucket: asId('0b'.repeat(16)),
  idKey: new Uint8Array(32).fill(1),
  dataKey: new Uint8Array(32).fill(2),
  keyEpoch: 1,
}
const shape: StripeShape = { dataShards: 3, parityShards: 2 }
const stripe = asStripeId(`${'0a'.repeat(14)}0001`)
const sizes = { minBytes: 65_536, averageBytes: 131_072, maxBytes: 262_144 }
const slotSize = { plainBytes: 2 * MiB, shape, shardBytesMax: SHARD_BYTES_MAX }

function payloads(sealed: SealedStripe): Uint8Array[] {
  return sealed.records.map(({ bytes, payloadLength }) => {
    const from = payloadOffsetOf(payloadLength)
    return bytes.slice(from, from + payloadLength)
  })
}

/** What every implementation of the seam owes its callers. */
function computeContract(name: string, open: (budgetBytes: number) => Promise<Compute>): void {
  describe(`compute contract: ${name}`, () => {
    it('cuts, seals and encodes a stripe that any k shards give back', async () => {
      await using compute = await open(64 * MiB)
      const slot = await compute.open(slotSize)
      const plain = randomBytes(2 * MiB)
      // Memory that was used before must not show through.
      slot.plain.fill(0xee)
      slot.plain.set(plain)
      const chunks = await slot.cut({ keys, offset: 0, length: plain.length, byContent: true, sizes, final: true })
      assert.equal(
        chunks.reduce((sum, { length }) => sum + length, 0),
        plain.length,
      )
      const sealed = await slot.seal({ stripe, keys, shape, chunks, compress: true })
      const shards = payloads(sealed)
      for (const [i, shard] of shards.entries()) {
        assert.equal(createHash('sha256').update(shard).digest('hex'), sealed.hashes[i])
      }
      for (const present of [
        [0, 1, 2],
        [2, 3, 4],
        [0, 3, 4],
        [1, 2, 4],
      ]) {
        const wanted = [0, 1, 2].filter((index) => !present.includes(index))
        const held = present.map((index) => ({ index, bytes: shards[index] ?? new Uint8Array() }))
        const rebuilt = wanted.length === 0 ? [] : compute.rebuild(shape, held, wanted)
        const data = [0, 1, 2].map((index) => rebuilt[wanted.indexOf(index)] ?? shards[index] ?? new Uint8Array())
        const whole = Buffer.concat(data)
        const table = parseTable(whole, crc32)
        assert.equal(table?.entries.length, chunks.length)
        assert.equal(Buffer.from(table?.name.stripe ?? []).toString('hex'), stripe)
        const opened = sealed.places.map((place) => {
          const bytes = compute.openChunk(
            keys,
            place,
            whole.subarray(place.place, place.place + place.storedBytes),
            MiB,
          )
          assert.ok(bytes !== undefined)
          return bytes
        })
        assert.deepEqual(Buffer.concat(opened.flat()), plain)
      }
      slot.release()
    })

    it('lends no more than its budget, and serves those who wait in turn', async () => {
      await using compute = await open(24 * MiB)
      const held = await compute.open(slotSize)
      let more: Awaited<ReturnType<Compute['open']>> | undefined
      const extra = []
      for (;;) {
        more = compute.tryOpen(slotSize)
        if (more === undefined) break
        extra.push(more)
      }
      const order: number[] = []
      const waiting = [1, 2].map((turn) => {
        const given = compute.open(slotSize)
        given.then(
          () => order.push(turn),
          () => {},
        )
        return given
      })
      const abort = new AbortController()
      const aborted = compute.open(slotSize, abort.signal)
      abort.abort(new Error('gone'))
      await assert.rejects(aborted, /gone/)
      held.release()
      ;(await waiting[0])?.release()
      ;(await waiting[1])?.release()
      assert.deepEqual(order, [1, 2])
      for (const slot of extra) slot.release()
    })

    it('gives records whose head and padding are zero but for the block table', async () => {
      await using compute = await open(64 * MiB)
      const slot = await compute.open({ plainBytes: 5000, shape, shardBytesMax: 70_000 })
      assert.equal(slot.memoryBytes, 5 * recordLengthOf(70_000))
      slot.plain.set(randomBytes(5000))
      const chunks = await slot.cut({ keys, offset: 0, length: 5000, byContent: true, sizes, final: true })
      const { records, shardBytes } = await slot.seal({ stripe, keys, shape, chunks, compress: false })
      for (const { bytes, payloadLength } of records) {
        assert.equal(payloadLength, shardBytes)
        assert.equal(bytes.length % 4096, 0)
        assert.equal(bytes.byteOffset % 4096, 0)
        assert.ok(bytes.subarray(payloadOffsetOf(shardBytes) + shardBytes).every((byte) => byte === 0))
      }
      slot.release()
    })
  })
}

computeContract('inline', (budgetBytes) => InlineCompute.open(systemRandom, budgetBytes))
computeContract('workers', (budgetBytes) =>
  WorkerPool.open({
    workers: 1,
    budgetBytes,
    onDeath: (error) => {
      throw error
    },
  }),
)
