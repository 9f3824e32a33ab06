import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { asSha256 } from '@holdfast/core/wire/ids.ts'
import { type Deed, type Fact, isEnded, type PutFact, stateOf } from './facts.ts'
import { seededRandom } from './segment-store.test-support.ts'
import { keyOf } from './shard-key.ts'

const KEY = keyOf('1'.repeat(32), 2)
let places = 0

function put(sequence: number, more: Partial<PutFact> = {}): PutFact {
  const sha256 = asSha256('2'.repeat(64))
  const base = { key: KEY, segment: 1, offset: places++, lineage: 'a', sequence }
  return { what: 'put', payloadLength: 10, sha256, bucket: 'b', ...base, ...more }
}

function deed(what: Deed, sequence: number, lineage = 'a'): Fact {
  return { what, key: KEY, segment: 1, offset: places++, lineage, sequence }
}

describe('the state of a shard', () => {
  it('follows from what was put and what was done later', () => {
    const cases: [Fact[], number, boolean][] = [
      [[], 0, false],
      [[put(5)], 1, false],
      [[put(5), deed('delete', 6)], 1, true],
      [[put(5), deed('delete', 6), deed('restore', 7)], 1, false],
      [[put(5), deed('delete', 6), deed('restore', 7), deed('delete', 8)], 1, true],
      [[put(5), deed('purge', 6)], 0, false],
      [[put(5), deed('quarantine', 6)], 0, false],
      [[put(5), deed('purge', 6), put(7)], 1, false],
      [[put(5), deed('delete', 6), put(7)], 2, false],
      [[put(5), deed('purge', 5)], 1, false],
      [[deed('purge', 9)], 0, false],
      [[put(5), deed('purge', 9, 'another catalog')], 1, false],
    ]
    for (const [facts, puts, trashed] of cases) {
      const state = stateOf(facts)
      assert.deepEqual(
        [state.puts.length, state.trashed],
        [puts, trashed],
        facts.map((fact) => `${fact.what} ${fact.sequence}`).join(),
      )
    }
  })

  it('does not depend on the order in which its facts are found', () => {
    const random = seededRandom(4)
    const facts = [
      put(5),
      put(5, { segment: 3 }),
      deed('delete', 6),
      put(8),
      deed('restore', 9),
      deed('delete', 10),
      put(2),
    ]
    const expected = stateOf(facts)
    assert.deepEqual(
      expected.puts.map((fact) => fact.sequence),
      [8, 5, 5, 2],
    )
    for (let round = 0; round < 50; round++) {
      const mixed = facts.map((fact) => ({ fact, at: random.float() })).sort((a, b) => a.at - b.at)
      assert.deepEqual(stateOf(mixed.map(({ fact }) => fact)), expected)
    }
  })

  it('prefers the newest record of the same put', () => {
    const older = put(5, { segment: 1 })
    const copy = put(5, { segment: 7 })
    assert.deepEqual(stateOf([copy, older]).puts, [copy, older])
  })

  it('tells what was ended from what is only in the trash', () => {
    const one = put(5)
    assert.equal(isEnded(one, [one, deed('delete', 6)]), false)
    assert.equal(isEnded(one, [one, deed('purge', 6)]), true)
  })
})
