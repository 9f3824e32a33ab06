/** What every index owes the store that stands on it. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { asSha256 } from '@holdfast/core/wire/ids.ts'
import type { Fact } from './facts.ts'
import type { ShardIndex } from './shard-index.ts'
import { keyOf, type ShardKey } from './shard-key.ts'
import { LINEAGE } from './shard-store-contract.ts'

export function factOf(number: number, what: Fact['what'] = 'put', segment = 1): Fact {
  const base = { key: keyOfNumber(number), segment, offset: number * 4096, lineage: LINEAGE, sequence: number }
  if (what !== 'put') return { ...base, what }
  const sha256 = asSha256(number.toString(16).padStart(64, '0'))
  return { ...base, what, payloadLength: number, sha256, bucket: (number % 3).toString().repeat(32) }
}

export function keyOfNumber(number: number): ShardKey {
  return keyOf(number.toString(16).padStart(32, '0'), number % 5)
}

export function shardIndexContract(name: string, openIndex: () => Promise<ShardIndex>): void {
  describe(`shard index contract: ${name}`, () => {
    it('gives back the facts of a key, before and after a flush', async () => {
      await using index = await openIndex()
      index.add(factOf(1))
      assert.deepEqual(index.facts(keyOfNumber(1)), [factOf(1)])
      index.flush()
      index.add(factOf(1, 'delete', 2))
      index.add(factOf(1, 'purge', 2))
      assert.deepEqual(
        sorted(index.facts(keyOfNumber(1))),
        sorted([factOf(1), factOf(1, 'delete', 2), factOf(1, 'purge', 2)]),
      )
      assert.deepEqual(index.facts(keyOfNumber(2)), [])
    })

    it('does not change an answer that it gave', async () => {
      await using index = await openIndex()
      const before = index.facts(keyOfNumber(1))
      index.add(factOf(1))
      const one = index.facts(keyOfNumber(1))
      index.add(factOf(1, 'delete'))
      assert.deepEqual([before.length, one.length, index.facts(keyOfNumber(1)).length], [0, 1, 2])
    })

    it('finds a low key after high ones, and the other way round', async () => {
      await using index = await openIndex()
      for (const number of [500, 3, 900, 1]) {
        index.add(factOf(number))
        index.flush()
        for (const missing of [2, 700, 1000]) assert.deepEqual(index.facts(keyOfNumber(missing)), [])
        assert.deepEqual(index.facts(keyOfNumber(number)), [factOf(number)])
      }
    })

    it('walks the keys in order, each with all its facts', async () => {
      await using index = await openIndex()
      for (const number of [9, 4, 7, 1, 12]) {
        index.add(factOf(number))
        index.add(factOf(number, 'delete', 2))
        index.add(factOf(number, 'restore', 3))
      }
      for (const factsMax of [1, 2, 3, 4, 7, 100]) {
        const found: Fact[] = []
        for (;;) {
          const facts = index.factsAfter(found.at(-1)?.key, factsMax)
          if (facts.length === 0) break
          found.push(...facts)
        }
        assert.deepEqual(
          found.map((fact) => fact.key),
          [1, 4, 7, 9, 12].flatMap((number) => [number, number, number].map(keyOfNumber)),
        )
      }
    })

    it('forgets facts, and only those', async () => {
      await using index = await openIndex()
      for (const segment of [1, 2])
        for (const what of ['put', 'quarantine'] as const) index.add(factOf(5, what, segment))
      index.remove([factOf(5, 'put', 1), factOf(5, 'quarantine', 2)])
      assert.deepEqual(sorted(index.facts(keyOfNumber(5))), sorted([factOf(5, 'quarantine', 1), factOf(5, 'put', 2)]))
    })

    it('remembers how far each segment was read', async () => {
      await using index = await openIndex()
      const info = { segment: 4, endBytes: 8192, closed: false, liveBytes: 4096 }
      index.setSegment(info)
      index.setSegment({ ...info, endBytes: 12_288, closed: true })
      index.setSegment({ ...info, segment: 5 })
      index.dropSegment(5)
      assert.deepEqual(index.segments(), [{ ...info, endBytes: 12_288, closed: true }])
    })
  })
}

function sorted(facts: readonly Fact[]): Fact[] {
  return [...facts].sort((a, b) => a.segment - b.segment || (a.what < b.what ? -1 : 1))
}
