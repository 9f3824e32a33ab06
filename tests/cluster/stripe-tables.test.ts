/**
 * The catalog has no index from a stripe to its chunks: whoever needs them reads the table at the stripe's end, and asks the catalog for
 * each by its id. That holds only while the tables name every chunk that the catalog places in their stripes, just as it does.
 */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { describe, it } from 'node:test'
import { crc32 } from 'node:zlib'
import { parseTable, type StripeTable } from '@holdfast/core/sealing/stripe-layout.ts'
import { asStripeId } from '@holdfast/core/wire/ids.ts'
import { pieces, TestGateway, tester } from '../../packages/server/gateway.test-support.ts'

const KiB = 1024
const DATA_SHARDS = 3

/** From the data shards alone, as repack reads it. */
async function tableOf(test: TestGateway, stripe: Uint8Array): Promise<StripeTable> {
  const id = asStripeId(Buffer.from(stripe).toString('hex'))
  const shards: Uint8Array[] = []
  for (let index = 0; index < DATA_SHARDS; index++) {
    for (const memory of test.memories) {
      const bytes = await memory.get({ stripe: id, index }).catch(() => undefined)
      if (bytes !== undefined) shards.push(bytes)
    }
  }
  return parseTable(Buffer.concat(shards), crc32) ?? assert.fail(`stripe ${id} has no table`)
}

/** Answers how many chunks were found, and how many copies in the tables nobody refers to. */
async function compare(test: TestGateway): Promise<{ live: number; dead: number }> {
  const found = { live: 0, dead: 0 }
  for (const { stripe_id: stripe } of test.catalog.engine.query('SELECT stripe_id FROM stripes')) {
    assert.ok(stripe instanceof Uint8Array)
    const { name, entries } = await tableOf(test, stripe)
    assert.deepEqual(Buffer.from(name.stripe), Buffer.from(stripe))
    let live = 0
    for (const { chunk, place, ...entry } of entries) {
      const [row] = test.catalog.engine.query(
        `SELECT place, stored_bytes, plain_bytes, key_epoch, nonce, suite, codec FROM chunks
         WHERE bucket_id = ? AND chunk_id = ? AND stripe_id = ? AND place = ?`,
        [name.bucket, chunk, stripe, place],
      )
      if (row === undefined) continue
      const { storedBytes, plainBytes, keyEpoch, nonce, suite, codec } = entry
      assert.deepEqual(Object.values(row), [
        place,
        storedBytes,
        plainBytes,
        keyEpoch,
        Uint8Array.from(nonce),
        suite,
        codec,
      ])
      live++
    }
    const [row] = test.catalog.engine.query('SELECT count(*) AS live FROM chunks WHERE stripe_id = ?', [stripe])
    assert.equal(row?.['live'], live, 'the table names all that the catalog places here')
    found.live += live
    found.dead += entries.length - live
  }
  return found
}

describe("the tables at the stripes' ends", () => {
  it('name every chunk that the catalog places there, whatever was shared, deleted or sent twice', async () => {
    await using test = await TestGateway.open()
    const same = randomBytes(20 * KiB)
    await Promise.all(
      Array.from({ length: 40 }, (_, i) => test.put(`small/${i}`, i % 4 === 0 ? same : randomBytes(9 * KiB))),
    )
    const large = randomBytes(6000 * KiB)
    await test.put('large', pieces(large))
    const edited = Buffer.concat([large.subarray(0, 3000 * KiB), randomBytes(10), large.subarray(3000 * KiB)])
    await test.put('large', pieces(edited))
    const stored = await compare(test)
    assert.ok(stored.live > 30)
    for (let i = 0; i < 40; i += 3) {
      const at = { bucket: 'default', path: `small/${i}`, preconditions: {} }
      await test.gateway.names.delete({ ...at, idempotencyKey: undefined, idempotencyScope: '', requester: tester })
    }
    await test.gateway.buckets.patch('default', { versionsKept: 1 }, undefined, tester)
    for (let i = 1; i < 40; i += 3) await test.put(`small/${i}`, randomBytes(5 * KiB))
    for (let run = 0; run < 4; run++) await test.gateway.reaper.run()
    const collected = await compare(test)
    assert.ok(collected.dead > stored.dead, `${collected.dead} copies are dead`)
  })
})
