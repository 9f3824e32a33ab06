/** What every shard store owes its callers. A new store joins with one line. */
import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { describe, it } from 'node:test'
import { type ErrorCode, hasCode } from '@holdfast/core/wire/errors.ts'
import { asId, asSha256, asStripeId } from '@holdfast/core/wire/ids.ts'
import { freeBytes } from '../seams/free-bytes.ts'
import { recordBufferOf } from './record-buffer.ts'
import type { Order, ShardEntry, ShardId, ShardPut, ShardStore } from './shard-store.ts'

export const LINEAGE = asId('0198f000000000000000000000000001')
const BUCKET = asId('0198f000000000000000000000000002')

export function shardIdOf(number: number, index = 0): ShardId {
  return { stripe: asStripeId(`0198f0000000000000000000${number.toString(16).padStart(8, '0')}`), index }
}

export function orderOf(sequence: number): Order {
  return { lineage: LINEAGE, sequence }
}

export function putOf(id: ShardId, payload: Uint8Array, sequence = 1): ShardPut {
  return {
    id,
    dataShards: 3,
    parityShards: 2,
    bucket: BUCKET,
    order: orderOf(sequence),
    sha256: asSha256(createHash('sha256').update(payload).digest('hex')),
    record: recordBufferOf(payload),
  }
}

export async function refuses(code: ErrorCode, act: () => Promise<unknown>): Promise<void> {
  await assert.rejects(act, (error) => hasCode(error, code) || assert.fail(`expected ${code}, got ${error}`))
}

export function sameBytes(actual: Uint8Array | undefined, expected: Uint8Array): void {
  assert.ok(actual !== undefined && Buffer.from(expected).equals(actual), 'the bytes are those that were put')
}

export function shardStoreContract(name: string, openStore: () => Promise<ShardStore>): void {
  describe(`shard store contract: ${name}`, () => {
    it('answers a receipt with the hash, and the bytes that were put', async () => {
      await using store = await openStore()
      for (const [number, length] of [0, 1, 4096, 65_535, 65_536, 65_537, 300_000].entries()) {
        const payload = randomBytes(length)
        const put = putOf(shardIdOf(number), payload)
        assert.deepEqual(await store.put(put), { sha256: put.sha256 })
        sameBytes(await store.get(put.id), payload)
      }
    })

    it('answers ranges, at once or later, across the borders of blocks', async () => {
      await using store = await openStore()
      const payload = randomBytes(300_000)
      await store.put(putOf(shardIdOf(1), payload))
      for (const [offset, length] of [
        [0, 1],
        [0, 300_000],
        [65_530, 12],
        [65_536, 65_536],
        [131_000, 140_000],
        [299_999, 1],
      ] as const) {
        const expected = payload.subarray(offset, offset + length)
        sameBytes(await store.get(shardIdOf(1), { offset, length }), expected)
        sameBytes(await store.getAsIs(shardIdOf(1), { offset, length }), expected)
        sameBytes(await store.getAsIs(shardIdOf(1), { offset, length }, new Uint8Array(200_000)), expected)
        const now = store.getNow(shardIdOf(1), { offset, length })
        if (now !== undefined) sameBytes(now, expected)
      }
    })

    it('hands out bytes that are the reader’s alone', async () => {
      await using store = await openStore()
      const [id, payload] = [shardIdOf(1), randomBytes(300_000)]
      await store.put(putOf(id, payload))
      const range = { offset: 0, length: payload.length }
      const all = [() => store.get(id), () => store.get(id, range), () => store.getAsIs(id, range)]
      for (const read of [...all, ...all]) {
        const bytes = await read()
        sameBytes(bytes, payload)
        bytes.fill(0)
        freeBytes(bytes)
      }
    })

    it('refuses a range that the shard does not have', async () => {
      await using store = await openStore()
      await store.put(putOf(shardIdOf(1), randomBytes(100)))
      for (const range of [
        { offset: 0, length: 101 },
        { offset: 100, length: 1 },
        { offset: 0, length: 0 },
        { offset: -1, length: 2 },
      ]) {
        await refuses('range_not_satisfiable', () => store.get(shardIdOf(1), range))
        await refuses('range_not_satisfiable', () => store.getAsIs(shardIdOf(1), range))
        assert.equal(store.getNow(shardIdOf(1), range), undefined)
      }
    })

    it('says what it does not have', async () => {
      await using store = await openStore()
      await refuses('shard_not_found', () => store.get(shardIdOf(1)))
      await refuses('shard_not_found', () => store.get(shardIdOf(1), { offset: 0, length: 1 }))
      await refuses('shard_not_found', () => store.getAsIs(shardIdOf(1), { offset: 0, length: 1 }))
      assert.equal(store.getNow(shardIdOf(1), { offset: 0, length: 1 }), undefined)
      await store.put(putOf(shardIdOf(1, 0), randomBytes(10)))
      await refuses('shard_not_found', () => store.get(shardIdOf(1, 1)))
    })

    it('takes the same shard again, one after the other and at once', async () => {
      await using store = await openStore()
      const payload = randomBytes(5000)
      const puts = Array.from({ length: 8 }, () => putOf(shardIdOf(1), payload))
      await Promise.all(puts.map((put) => store.put(put)))
      await store.put(putOf(shardIdOf(1), payload))
      sameBytes(await store.get(shardIdOf(1)), payload)
      assert.equal((await store.list({ limit: 10 })).length, 1)
    })

    it('refuses other bytes under an id that it has', async () => {
      await using store = await openStore()
      const payload = randomBytes(5000)
      await store.put(putOf(shardIdOf(1), payload))
      await refuses('conflict', () => store.put(putOf(shardIdOf(1), randomBytes(5000), 9)))
      sameBytes(await store.get(shardIdOf(1)), payload)
    })

    it('keeps many that come at once', async () => {
      await using store = await openStore()
      const payloads = Array.from({ length: 200 }, (_, number) => randomBytes(number * 37))
      await Promise.all(payloads.map((payload, number) => store.put(putOf(shardIdOf(number), payload))))
      for (const [number, payload] of payloads.entries()) sameBytes(await store.get(shardIdOf(number)), payload)
    })

    it('reads what is in the trash, lists it as such, and ends it with a purge', async () => {
      await using store = await openStore()
      const payload = randomBytes(100)
      await store.put(putOf(shardIdOf(1), payload, 5))
      await store.delete([shardIdOf(1), shardIdOf(2)], orderOf(6))
      sameBytes(await store.get(shardIdOf(1)), payload)
      assert.deepEqual(
        (await store.list({ limit: 10 })).map((entry) => entry.trashed),
        [true],
      )
      await store.purge([shardIdOf(1)], orderOf(7))
      await refuses('shard_not_found', () => store.get(shardIdOf(1)))
      assert.deepEqual(await store.list({ limit: 10 }), [])
    })

    it('does a delete or a purge again without harm', async () => {
      await using store = await openStore()
      await store.put(putOf(shardIdOf(1), randomBytes(100), 5))
      await store.delete([shardIdOf(1)], orderOf(6))
      await store.delete([shardIdOf(1)], orderOf(6))
      await store.purge([shardIdOf(1)], orderOf(7))
      await store.purge([shardIdOf(1)], orderOf(7))
      await store.delete([shardIdOf(1)], orderOf(6))
    })

    it('refuses orders that are not later than what they undo, and then does nothing', async () => {
      await using store = await openStore()
      await store.put(putOf(shardIdOf(1), randomBytes(100), 5))
      await store.put(putOf(shardIdOf(2), randomBytes(100), 1))
      for (const sequence of [4, 5]) {
        await refuses('order_refused', () => store.delete([shardIdOf(2), shardIdOf(1)], orderOf(sequence)))
        await refuses('order_refused', () => store.purge([shardIdOf(2), shardIdOf(1)], orderOf(sequence)))
      }
      await store.delete([shardIdOf(1)], orderOf(8))
      await refuses('order_refused', () => store.purge([shardIdOf(1)], orderOf(8)))
      const entries = await store.list({ limit: 10 })
      assert.deepEqual(
        entries.map((entry) => entry.trashed),
        [true, false],
      )
    })

    it('refuses a put that comes after the delete or purge which was ordered later', async () => {
      await using store = await openStore()
      const payload = randomBytes(100)
      await store.put(putOf(shardIdOf(1), payload, 5))
      await store.delete([shardIdOf(1)], orderOf(8))
      await refuses('order_refused', () => store.put(putOf(shardIdOf(1), payload, 5)))
      await store.purge([shardIdOf(1)], orderOf(9))
      for (const sequence of [5, 8, 9]) {
        await refuses('order_refused', () => store.put(putOf(shardIdOf(1), payload, sequence)))
      }
      await store.put(putOf(shardIdOf(1), payload, 10))
      sameBytes(await store.get(shardIdOf(1)), payload)
    })

    it('lets a put that was ordered later survive an earlier delete', async () => {
      await using store = await openStore()
      const payload = randomBytes(100)
      await store.put(putOf(shardIdOf(1), payload, 5))
      await store.put(putOf(shardIdOf(1), payload, 9))
      await refuses('order_refused', () => store.purge([shardIdOf(1)], orderOf(7)))
      sameBytes(await store.get(shardIdOf(1)), payload)
    })

    it('refuses the orders of another catalog', async () => {
      await using store = await openStore()
      const order = { lineage: asId('f'.repeat(32)), sequence: 99 }
      await store.put(putOf(shardIdOf(1), randomBytes(10)))
      await refuses('order_refused', () => store.put({ ...putOf(shardIdOf(2), randomBytes(10)), order }))
      await refuses('order_refused', () => store.delete([shardIdOf(1)], order))
      await refuses('order_refused', () => store.purge([shardIdOf(1)], order))
      assert.equal((await store.list({ limit: 10 }))[0]?.trashed, false)
    })

    it('refuses puts below the number at which they were closed, whether their shard is here or not', async () => {
      await using store = await openStore()
      const payload = randomBytes(100)
      for (const number of [4, 5]) await store.put(putOf(shardIdOf(number), payload, number))
      await store.closePuts(orderOf(5))
      for (const number of [3, 4])
        await refuses('session_ended', () => store.put(putOf(shardIdOf(number), payload, number)))
      for (const number of [5, 6]) await store.put(putOf(shardIdOf(number), payload, number))
      sameBytes(await store.get(shardIdOf(4)), payload)
      await store.closePuts(orderOf(2))
      await refuses('session_ended', () => store.put(putOf(shardIdOf(3), payload, 4)))
      await refuses('order_refused', () => store.closePuts({ lineage: asId('f'.repeat(32)), sequence: 99 }))
      await store.put(putOf(shardIdOf(7), payload, 5))
    })

    it('lists every put that was not refused when puts were closed meanwhile', async () => {
      await using store = await openStore()
      const puts = Array.from({ length: 50 }, (_, number) =>
        store.put(putOf(shardIdOf(number), randomBytes(number * 37), 4)).then(
          () => number,
          (error: unknown) => assert.ok(hasCode(error, 'session_ended'), String(error)),
        ),
      )
      const listing = store.closePuts(orderOf(5)).then(() => store.list({ limit: 100 }))
      const late = refuses('session_ended', () => store.put(putOf(shardIdOf(99), randomBytes(10), 4)))
      const kept = (await Promise.all(puts)).filter((number) => number !== undefined)
      await late
      assert.deepEqual(
        (await listing).map(({ id }) => id),
        kept.map((number) => shardIdOf(number)),
      )
    })

    it('lists in order of id, page by page, with all that was said of a shard', async () => {
      await using store = await openStore()
      const numbers = [7, 3, 11, 1, 5, 9]
      const puts = numbers.map((number) => putOf(shardIdOf(number, number % 2), randomBytes(number), number))
      await Promise.all(puts.map((put) => store.put(put)))
      await store.purge([shardIdOf(5, 1)], orderOf(100))
      const found: ShardEntry[] = []
      for (;;) {
        const last = found.at(-1)?.id
        const page = await store.list({ ...(last === undefined ? {} : { after: last }), limit: 2 })
        if (page.length === 0) break
        found.push(...page)
      }
      assert.deepEqual(
        found.map((entry) => entry.order.sequence),
        [1, 3, 7, 9, 11],
      )
      const put = puts[0]
      assert.deepEqual(found[2], {
        id: put?.id,
        lengthBytes: 7,
        sha256: put?.sha256,
        bucket: BUCKET,
        order: orderOf(7),
        trashed: false,
      })
    })

    it('says who it is and how it is', async () => {
      await using store = await openStore()
      const report = await store.report()
      assert.equal(report.state, 'online')
      assert.ok(report.starts >= 1 && report.capacityBytes >= report.freeBytes && report.freeBytes > 0)
    })
  })
}
