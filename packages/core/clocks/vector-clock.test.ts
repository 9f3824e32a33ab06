import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { hasCode } from '../wire/errors.ts'
import { asId, type Id } from '../wire/ids.ts'
import { CLOCK_ACTORS_MAX, type ClockOrder, compare, increment, merge, type VectorClock } from './vector-clock.ts'

const actorOf = (number: number): Id => asId(number.toString(16).padStart(32, '0'))
const [laptop, phone, desk] = [actorOf(1), actorOf(2), actorOf(3)]

// Few actors and small counts, so that equal, ordered and concurrent pairs are all drawn often.
const actors = fc.integer({ min: 1, max: 4 }).map(actorOf)
const clocks: fc.Arbitrary<VectorClock> = fc
  .uniqueArray(fc.tuple(actors, fc.integer({ min: 1, max: 3 })), { selector: ([actor]) => actor })
  .map((entries) => new Map(entries))

const opposite: Record<ClockOrder, ClockOrder> = {
  before: 'after',
  after: 'before',
  concurrent: 'concurrent',
  equal: 'equal',
}

const contains = (a: VectorClock, b: VectorClock): boolean => ['after', 'equal'].includes(compare(a, b))

describe('vector clock', () => {
  it('orders what follows and calls concurrent what does not', () => {
    const base = increment(new Map(), laptop)
    const onLaptop = increment(base, laptop)
    const onPhone = increment(base, phone)
    assert.equal(compare(base, onLaptop), 'before')
    assert.equal(compare(onLaptop, base), 'after')
    assert.equal(compare(onLaptop, onPhone), 'concurrent')
    assert.equal(compare(onPhone, new Map(onPhone)), 'equal')
    assert.equal(compare(onLaptop, increment(merge(onLaptop, onPhone), desk)), 'before')
  })

  it('is a partial order', () => {
    fc.assert(
      fc.property(clocks, clocks, clocks, (a, b, c) => {
        assert.equal(compare(a, a), 'equal')
        assert.equal(compare(b, a), opposite[compare(a, b)])
        assert.equal(compare(a, b) === 'equal', sameEntries(a, b))
        if (compare(a, b) === 'before' && compare(b, c) === 'before') assert.equal(compare(a, c), 'before')
      }),
      { numRuns: 2000 },
    )
  })

  it('draws every order in these tests', () => {
    const seen = new Set(fc.sample(fc.tuple(clocks, clocks), { numRuns: 1000, seed: 1 }).map(([a, b]) => compare(a, b)))
    assert.deepEqual([...seen].sort(), ['after', 'before', 'concurrent', 'equal'])
  })

  it('puts every change after what it was made from', () => {
    fc.assert(fc.property(clocks, actors, (a, actor) => compare(increment(a, actor), a) === 'after'))
  })

  it('never orders changes that two actors made apart', () => {
    fc.assert(fc.property(clocks, (a) => compare(increment(a, laptop), increment(a, phone)) === 'concurrent'))
  })

  it('merges to the least upper bound', () => {
    fc.assert(
      fc.property(clocks, clocks, clocks, (a, b, c) => {
        const merged = merge(a, b)
        assert.ok(contains(merged, a) && contains(merged, b))
        // Any clock that contains both contains the merged one.
        const above = merge(c, merge(b, a))
        assert.ok(contains(above, merged))
        if (contains(c, a) && contains(c, b)) assert.ok(contains(c, merged))
        assert.equal(compare(merge(b, a), merged), 'equal')
        assert.equal(compare(merge(merge(a, b), c), merge(a, merge(b, c))), 'equal')
        assert.equal(compare(merge(a, a), a), 'equal')
      }),
      { numRuns: 2000 },
    )
  })

  it('changes no argument', () => {
    const a = new Map([[laptop, 1]])
    const b = new Map([[phone, 1]])
    increment(a, laptop)
    merge(a, b)
    assert.deepEqual([[...a], [...b]], [[[laptop, 1]], [[phone, 1]]])
  })

  it('refuses one actor too many, and counts on for those it knows', () => {
    let full: VectorClock = new Map()
    for (let i = 1; i <= CLOCK_ACTORS_MAX; i++) full = increment(full, actorOf(i))
    const stranger = increment(new Map(), actorOf(CLOCK_ACTORS_MAX + 1))
    assert.throws(() => increment(full, actorOf(CLOCK_ACTORS_MAX + 1)), isLimit)
    assert.throws(() => merge(full, stranger), isLimit)
    assert.equal(increment(full, laptop).get(laptop), 2)
    assert.equal(merge(full, full).size, CLOCK_ACTORS_MAX)
    assert.equal(compare(full, stranger), 'concurrent')
  })

  it('refuses to count past what a number holds', () => {
    const worn = new Map([[laptop, Number.MAX_SAFE_INTEGER]])
    assert.throws(() => increment(worn, laptop), isLimit)
    assert.equal(increment(worn, phone).get(phone), 1)
  })

  it('shows why a clock is not pruned: a conflict would look settled', () => {
    const onPhone = increment(increment(new Map(), laptop), phone)
    const onLaptop = increment(increment(new Map(), laptop), laptop)
    const pruned = new Map([...onPhone].filter(([actor]) => actor !== phone))
    assert.equal(compare(onPhone, onLaptop), 'concurrent')
    assert.equal(compare(pruned, onLaptop), 'before')
  })
})

function isLimit(error: unknown): boolean {
  return hasCode(error, 'limit_exceeded')
}

function sameEntries(a: VectorClock, b: VectorClock): boolean {
  return JSON.stringify([...a].sort()) === JSON.stringify([...b].sort())
}
