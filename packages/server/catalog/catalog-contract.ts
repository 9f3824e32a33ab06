/** What every catalog driver owes its callers. A new driver joins with one line. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { HoldfastError } from '@holdfast/core/wire/errors.ts'
import type { Catalog } from './catalog.ts'
import {
  increment,
  incrementAndBreak,
  incrementAndRefuse,
  incrementByHand,
  leaveSeat,
  listKeys,
  listWords,
  makeTables,
  putThing,
  readCounter,
  readCounters,
  stumble,
  sums,
  withdraw,
} from './catalog-contract-transactions.ts'
import type { Dialect } from './dialect.ts'

export interface ContractOptions {
  readonly dialect: Dialect
  /** A catalog that knows the transactions of the contract, on an empty database. */
  readonly open: () => Promise<Catalog>
  readonly skip?: string | false
}

export function catalogContract(name: string, { dialect, open, skip = false }: ContractOptions): void {
  const openWithTables = async (): Promise<Catalog> => {
    const catalog = await open()
    await catalog.write(makeTables, dialect)
    return catalog
  }

  describe(`catalog contract: ${name}`, { skip }, () => {
    it('shows a write to every read and scan that begins after it resolved', async () => {
      await using catalog = await openWithTables()
      for (let count = 1; count <= 50; count++) {
        assert.equal(await catalog.write(increment, { name: 'a', by: 1 }), count)
        assert.equal(await catalog.read(readCounter, 'a'), count)
        assert.equal(await catalog.scan(readCounter, 'a'), count)
      }
    })

    it('undoes all of a transaction that refuses, and none of its neighbours', async () => {
      await using catalog = await openWithTables()
      await catalog.write(increment, { name: 'a', by: 1 })
      const neighbours = Array.from({ length: 20 }, () => catalog.write(increment, { name: 'b', by: 1 }))
      const refusals = Array.from({ length: 20 }, () =>
        assert.rejects(catalog.write(incrementAndRefuse, { name: 'a', by: 100 }), { code: 'precondition_failed' }),
      )
      const later = Array.from({ length: 20 }, () => catalog.write(increment, { name: 'b', by: 1 }))
      await Promise.all([...neighbours, ...refusals, ...later])
      assert.deepEqual(await catalog.read(readCounters, ['a', 'b']), [1, 40])
    })

    it('undoes all of a transaction that breaks a rule of the schema, and none of its neighbours', async () => {
      await using catalog = await openWithTables()
      await catalog.write(increment, { name: 'a', by: 1 })
      await Promise.all([
        catalog.write(increment, { name: 'b', by: 1 }),
        assert.rejects(catalog.write(incrementAndBreak, { name: 'a', by: 100 }), /unique/i),
        catalog.write(increment, { name: 'b', by: 1 }),
      ])
      assert.deepEqual(await catalog.read(readCounters, ['a', 'b']), [1, 2])
    })

    it('rejects with what the transaction threw: class, code, message and details', async () => {
      await using catalog = await openWithTables()
      const error = await catalog.write(incrementAndRefuse, { name: 'a', by: 7 }).catch((thrown: unknown) => thrown)
      assert(error instanceof HoldfastError)
      assert.equal(error.code, 'precondition_failed')
      assert.equal(error.message, 'the contract refuses')
      assert.deepEqual(error.details, { by: 7, isRefused: true })
    })

    it('rejects with a bug that is no refusal, undoes it, and goes on', async () => {
      await using catalog = await openWithTables()
      await catalog.write(increment, { name: 'a', by: 1 })
      const error = await catalog.write(stumble, 'a').catch((thrown: unknown) => thrown)
      assert(error instanceof Error && !(error instanceof HoldfastError))
      assert.match(error.message, /not a function/)
      assert.equal(await catalog.write(increment, { name: 'a', by: 1 }), 2)
    })

    it('loses none of many concurrent increments', async () => {
      await using catalog = await openWithTables()
      await catalog.write(increment, { name: 'a', by: 0 })
      const seen = await Promise.all(
        Array.from({ length: 100 }, () => catalog.write(incrementByHand, { name: 'a', by: 1 })),
      )
      assert.equal(await catalog.read(readCounter, 'a'), 100)
      assert.deepEqual(
        seen.toSorted((a, b) => a - b),
        Array.from({ length: 100 }, (_, index) => index + 1),
      )
    })

    it('lets no two transactions act on what the other has changed (write skew)', async () => {
      await using catalog = await openWithTables()
      await catalog.write(increment, { name: 'a', by: 50 })
      await catalog.write(increment, { name: 'b', by: 50 })
      const done = await Promise.all(
        Array.from({ length: 40 }, (_, index) =>
          catalog.write(withdraw, { from: index % 2 ? 'a' : 'b', other: index % 2 ? 'b' : 'a', amount: 10 }),
        ),
      )
      assert.equal(done.filter(Boolean).length, 10)
      const [a, b] = await catalog.read(readCounters, ['a', 'b'])
      assert.equal((a ?? 0) + (b ?? 0), 0)
    })

    it('reads one snapshot, however many statements the read has', async () => {
      await using catalog = await openWithTables()
      const names = Array.from({ length: 20 }, () => 'a')
      const writes = Array.from({ length: 30 }, () => catalog.write(increment, { name: 'a', by: 1 }))
      for (let round = 0; round < 20; round++) {
        const [first, ...others] = await catalog.scan(readCounters, names)
        for (const other of others) assert.equal(other, first)
      }
      await Promise.all(writes)
    })

    it('refuses to write in a read', async () => {
      await using catalog = await openWithTables()
      await assert.rejects(async () => catalog.read(increment, { name: 'a', by: 1 }), /read.?only/i)
      await assert.rejects(catalog.scan(increment, { name: 'a', by: 1 }), /read.?only/i)
      assert.equal(await catalog.read(readCounter, 'a'), 0)
    })

    it('keeps bytes, whole numbers, words and nulls as they are', async () => {
      await using catalog = await openWithTables()
      const everyByte = Uint8Array.from({ length: 256 }, (_, index) => index)
      const things = [
        { key: everyByte, whole: Number.MAX_SAFE_INTEGER, words: 'héllo "x" \\ 🦥', seat: 0 },
        { key: everyByte.subarray(7, 9), whole: Number.MIN_SAFE_INTEGER, words: '', seat: -1 },
        { key: new Uint8Array(), whole: null, words: null, seat: null },
      ]
      for (const thing of things) assert.deepEqual(await catalog.write(putThing, thing), { ...thing, left_at: null })
    })

    it('refuses a number that is not whole and safe, and changes nothing', async () => {
      await using catalog = await openWithTables()
      const thing = { key: Uint8Array.of(1), words: null, seat: null }
      await assert.rejects(catalog.write(putThing, { ...thing, whole: 1.5 }), /whole numbers/)
      await assert.rejects(catalog.write(putThing, { ...thing, whole: 2 ** 53 }), /whole numbers/)
      assert.deepEqual(await catalog.read(listKeys, { after: new Uint8Array(), limit: 9 }), [])
    })

    it('orders bytes as bytes, and a prefix before what it begins', async () => {
      await using catalog = await openWithTables()
      for (const hex of ['80', '7fff', '00', 'ff', '7f', '7f00', '0000']) await catalog.write(putThing, thingOf(hex))
      const inOrder = ['00', '0000', '7f', '7f00', '7fff', '80', 'ff']
      assert.deepEqual(await catalog.read(listKeys, { after: new Uint8Array(), limit: 100 }), inOrder)
      assert.deepEqual(await catalog.scan(listKeys, { after: Uint8Array.of(0x7f), limit: 2 }), ['7f00', '7fff'])
    })

    it('orders words by their bytes, whatever the locale', async () => {
      await using catalog = await openWithTables()
      const words = ['b', 'B', 'a-b', 'ab', 'a b', 'ä', 'Z', 'z']
      for (const [index, word] of words.entries()) {
        await catalog.write(putThing, { key: Uint8Array.of(index), whole: null, words: word, seat: null })
      }
      assert.deepEqual(await catalog.read(listWords, null), ['B', 'Z', 'a b', 'a-b', 'ab', 'b', 'z', 'ä'])
    })

    it('answers RETURNING only for rows that ON CONFLICT let in', async () => {
      await using catalog = await openWithTables()
      assert.equal(Object.keys(await catalog.write(putThing, thingOf('01'))).length, 5)
      assert.deepEqual(await catalog.write(putThing, thingOf('01')), {})
    })

    it('holds a partial unique index only where its condition holds', async () => {
      await using catalog = await openWithTables()
      await catalog.write(putThing, { ...thingOf('01'), seat: 1 })
      await assert.rejects(catalog.write(putThing, { ...thingOf('02'), seat: 1 }), /unique/i)
      assert.equal(await catalog.write(leaveSeat, { seat: 1, atMs: 5 }), 1)
      await catalog.write(putThing, { ...thingOf('02'), seat: 1 })
    })

    it('gives counts, sums, quotients and flags as whole numbers', async () => {
      await using catalog = await openWithTables()
      await catalog.write(putThing, { ...thingOf('01'), whole: 2, seat: 1 })
      await catalog.write(putThing, { ...thingOf('02'), whole: 40, seat: 2 })
      assert.deepEqual(await catalog.read(sums, null), { things: 2, whole: 42, half: 21, taken: 1, seat: 2 })
    })

    it('finishes what was asked before it is closed', async () => {
      const catalog = await openWithTables()
      const writes = Array.from({ length: 10 }, () => catalog.write(increment, { name: 'a', by: 1 }))
      const scan = catalog.scan(readCounter, 'b')
      await catalog[Symbol.asyncDispose]()
      assert.equal((await Promise.all(writes)).length, 10)
      assert.equal(await scan, 0)
      await assert.rejects(catalog.write(increment, { name: 'a', by: 1 }), { code: 'shutting_down' })
    })
  })
}

function thingOf(hex: string): { key: Uint8Array; whole: null; words: null; seat: null } {
  return { key: new Uint8Array(Buffer.from(hex, 'hex')), whole: null, words: null, seat: null }
}
