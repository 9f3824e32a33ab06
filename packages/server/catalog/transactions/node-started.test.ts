import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { firstIdOf, stripeIdOf } from '@holdfast/core/wire/ids.ts'
import type { SegmentEnd } from '../rows.ts'
import { TestCatalog } from '../test-catalog.test-support.ts'
import { endSessionsOf } from './end-session.ts'
import { listNodes } from './list-nodes.ts'
import { nodeCompared } from './node-compared.ts'
import { nodeSeen } from './node-seen.ts'
import { type NodeStartedArgs, type NodeStartedResult, nodeStarted } from './node-started.ts'

function starter(catalog: TestCatalog) {
  const base = {
    node: catalog.ids.next(),
    disk: catalog.ids.next(),
    zone: 'z',
    name: 'one',
    capacityBytes: 10,
    freeBytes: 5,
  }
  /** A start of its own, unless one is given. */
  const start = (given: Partial<NodeStartedArgs>): NodeStartedResult => {
    const at = { starts: 1, start: catalog.ids.next(), segmentEnds: [], nowMs: catalog.nowMs }
    return catalog.run(nodeStarted, { ...base, ...at, ...given })
  }
  const see = (segmentEnds: readonly SegmentEnd[], nowMs = 1): void =>
    catalog.run(nodeSeen, { number: 1, state: 'online', capacityBytes: 10, freeBytes: 5, nowMs, segmentEnds })
  return { base, start, see }
}

/** Segments 1, 2, … that end so. */
const ends = (...bytes: number[]): SegmentEnd[] => bytes.map((each, index) => ({ segment: index + 1, bytes: each }))

const endsIn = (catalog: TestCatalog) =>
  catalog.engine
    .query('SELECT segment, end_bytes FROM node_segments WHERE node = 1 ORDER BY segment')
    .map(Object.values)

describe('nodeStarted', () => {
  it('numbers new nodes, and knows one that comes back', () => {
    using catalog = new TestCatalog()
    const [one, two] = [starter(catalog), starter(catalog)]
    assert.deepEqual(one.start({}), { number: 1, verdict: 'new', recentAfter: null })
    assert.deepEqual(two.start({}), { number: 2, verdict: 'new', recentAfter: null })
    const { number, verdict } = one.start({ starts: 2, segmentEnds: ends(4096), freeBytes: 4 })
    assert.deepEqual([number, verdict], [1, 'current'])
    const [row] = catalog.run(listNodes, {})
    assert.deepEqual([row?.node, row?.state, row?.starts, row?.freeBytes], [one.base.node, 'online', 2, 4])
    assert.deepEqual(endsIn(catalog), [[1, 4096]])
  })

  it('has compared what a disk may have written since it was last seen, as long as that was not done', () => {
    using catalog = new TestCatalog()
    const { start, see } = starter(catalog)
    start({})
    const recentAfter = (starts: number) => start({ starts }).recentAfter
    const before = catalog.openSession()
    catalog.nowMs += 1000
    see([], catalog.nowMs)
    assert.equal(recentAfter(2), before.session)
    catalog.run(endSessionsOf, { gateway: catalog.ids.next() })
    catalog.openSession()
    assert.deepEqual([recentAfter(3), recentAfter(4)], [before.session, before.session])
    catalog.run(endSessionsOf, { gateway: catalog.ids.next() })
    see([], catalog.nowMs)
    assert.equal(recentAfter(5), firstIdOf(catalog.nowMs))
  })

  it('looks further back where the clock went back than to the oldest session', () => {
    using catalog = new TestCatalog()
    const { start, see } = starter(catalog)
    start({})
    catalog.openSession()
    see([], 1)
    assert.equal(start({ starts: 2 }).recentAfter, firstIdOf(1))
  })

  it('has a disk compared from the beginning each time that it went back', () => {
    using catalog = new TestCatalog()
    const { start } = starter(catalog)
    start({ starts: 5 })
    const comparedTo = () => catalog.run(listNodes, {})[0]?.comparedTo
    for (let time = 0; time < 2; time++) {
      catalog.run(nodeCompared, { number: 1, before: 0, comparedTo: 50, walkedTo: null })
      assert.deepEqual([comparedTo(), start({ starts: 3 }).verdict, comparedTo()], [50, 'rolled_back', 0])
    }
  })

  it('sees that a disk was rolled back, by its starts, by a shorter segment and by one that it lacks', () => {
    for (const given of [
      { starts: 5, segmentEnds: ends(8192, 4096) },
      { starts: 6, segmentEnds: ends(4096, 4096) },
      { starts: 6, segmentEnds: ends(8192, 0) },
      { starts: 6, segmentEnds: ends(8192) },
      { starts: 6, segmentEnds: [] },
    ]) {
      using catalog = new TestCatalog()
      const { start } = starter(catalog)
      start({ starts: 5, segmentEnds: ends(8192, 4096) })
      assert.equal(start(given).verdict, 'rolled_back', JSON.stringify(given))
      assert.equal(catalog.run(listNodes, {})[0]?.rolledBackAt, catalog.nowMs)
    }
  })

  it('takes a start that is told again as the one that it is, however far the disk was written since', () => {
    using catalog = new TestCatalog()
    const { base, start, see } = starter(catalog)
    const [first, second] = [catalog.ids.next(), catalog.ids.next()]
    assert.equal(start({ starts: 1, start: first }).verdict, 'new')
    assert.equal(start({ starts: 1, start: first }).verdict, 'current')
    assert.equal(start({ starts: 2, start: second, segmentEnds: ends(4096) }).verdict, 'current')
    see(ends(8192))
    const again = start({ starts: 2, start: second, segmentEnds: ends(12_288) })
    assert.deepEqual([again.number, again.verdict], [1, 'current'])
    assert.deepEqual(endsIn(catalog), [[1, 12_288]])
    const [row] = catalog.run(listNodes, {})
    assert.deepEqual([row?.node, row?.starts, row?.start, row?.rolledBackAt], [base.node, 2, second, null])
  })

  it('sees by its id that a disk which went back has counted up to the same start again', () => {
    using catalog = new TestCatalog()
    const { start } = starter(catalog)
    const known = catalog.ids.next()
    start({ starts: 5, start: known, segmentEnds: ends(4096) })
    assert.equal(start({ starts: 5, segmentEnds: ends(8192) }).verdict, 'rolled_back')
    // It stays so, also for the start that was known.
    assert.equal(start({ starts: 5, start: known, segmentEnds: ends(4096) }).verdict, 'rolled_back')
    assert.equal(catalog.run(listNodes, {})[0]?.start, known)
  })

  it('has a disk that went back compared in all that it holds', () => {
    using catalog = new TestCatalog()
    const { start } = starter(catalog)
    start({ starts: 5 })
    const walkedTo = stripeIdOf(catalog.ids.nextSession(), 1)
    catalog.run(nodeCompared, { number: 1, before: 0, comparedTo: 7, walkedTo })
    start({ starts: 6 })
    const compared = () => catalog.run(listNodes, {}).map((row) => [row.comparedTo, row.walkedTo])
    assert.deepEqual(compared(), [[7, walkedTo]])
    start({ starts: 6 })
    assert.deepEqual(compared(), [[0, null]])
  })

  it('sees that a disk went back under a start that goes on', () => {
    using catalog = new TestCatalog()
    const { start, see } = starter(catalog)
    const same = { starts: 5, start: catalog.ids.next() }
    start({ ...same, segmentEnds: ends(4096) })
    see(ends(8192))
    assert.equal(start({ ...same, segmentEnds: ends(4096) }).verdict, 'rolled_back')
  })

  it('keeps what a disk once had, however far it is written after it was rolled back', () => {
    using catalog = new TestCatalog()
    const { start, see } = starter(catalog)
    start({ starts: 5, segmentEnds: ends(8192, 4096) })
    start({ starts: 3, segmentEnds: ends(4096) })
    for (let starts = 4; starts < 9; starts++) {
      see(ends(8192, 8192, starts * 4096))
      assert.equal(start({ starts, segmentEnds: ends(8192, 8192, starts * 4096) }).verdict, 'rolled_back')
    }
    assert.deepEqual(endsIn(catalog), [
      [1, 8192],
      [2, 4096],
    ])
    const [row] = catalog.run(listNodes, {})
    assert.deepEqual([row?.starts, row?.rolledBackAt, row?.seenAt], [5, catalog.nowMs, 1])
  })

  it('knows that a segment may go in a compaction, but the last one', () => {
    using catalog = new TestCatalog()
    const { start } = starter(catalog)
    start({ segmentEnds: ends(4096, 4096, 4096) })
    assert.equal(start({ starts: 2, segmentEnds: ends(4096, 4096, 4096).slice(2) }).verdict, 'current')
    assert.deepEqual(endsIn(catalog), [[3, 4096]])
    assert.equal(start({ starts: 3, segmentEnds: ends(4096) }).verdict, 'rolled_back')
  })

  it('refuses a copy: a known node on another disk, or a known disk as another node', () => {
    using catalog = new TestCatalog()
    const { start } = starter(catalog)
    start({})
    assert.deepEqual(start({ disk: catalog.ids.next(), starts: 9 }), {
      number: 1,
      verdict: 'cloned',
      recentAfter: null,
    })
    assert.deepEqual(start({ node: catalog.ids.next(), starts: 9 }), {
      number: 1,
      verdict: 'cloned',
      recentAfter: null,
    })
    assert.equal(catalog.run(listNodes, {}).length, 1)
  })
})

describe('nodeSeen', () => {
  it('writes down the ends that changed, and no others', () => {
    using catalog = new TestCatalog()
    const { start, see } = starter(catalog)
    const many = Array.from({ length: 1000 }, () => 8192)
    start({ segmentEnds: ends(...many, 4096) })
    const written = (segmentEnds: readonly SegmentEnd[]): number => {
      let rows = 0
      catalog.intercept = ({ statement, ask }) => {
        if (statement.sql.startsWith('INSERT INTO node_segments')) rows += statement.args.length / 3
        return ask(statement)
      }
      const asked = catalog.statementsOf(() => see(segmentEnds)).length
      assert.ok(asked <= 6, `${asked} statements`)
      return rows
    }
    assert.equal(written(ends(...many, 4096)), 0)
    assert.equal(written(ends(...many, 8192)), 1)
    assert.equal(written(ends(...many, 8192, 8192, 4096)), 2)
    assert.equal(written(ends(...many, 8192, 8192, 4096).slice(900)), 0)
    assert.equal(catalog.count('SELECT count(*) FROM node_segments'), 1003)
    assert.equal(catalog.count('SELECT sum(end_bytes) FROM node_segments'), 1002 * 8192 + 4096)
  })

  it('never forgets how far a disk once went', () => {
    using catalog = new TestCatalog()
    const { start, see } = starter(catalog)
    start({ starts: 5, segmentEnds: ends(8192, 900_000) })
    see(ends(8192, 4096))
    assert.deepEqual(endsIn(catalog), [
      [1, 8192],
      [2, 900_000],
    ])
    assert.equal(start({ starts: 6, segmentEnds: ends(8192, 4096) }).verdict, 'rolled_back')
  })

  it('writes down all that grew, however many they are', () => {
    using catalog = new TestCatalog()
    const { start, see } = starter(catalog)
    start({ segmentEnds: ends(4096) })
    see(ends(...Array.from({ length: 100 }, () => 8192)))
    assert.equal(catalog.count('SELECT sum(end_bytes) FROM node_segments'), 100 * 8192)
    assert.equal(start({ starts: 2, segmentEnds: ends(8192) }).verdict, 'rolled_back')
  })
})
