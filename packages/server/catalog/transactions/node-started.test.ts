import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { TestCatalog } from '../test-catalog.test-support.ts'
import { listNodes } from './list-nodes.ts'
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
  const start = (given: Partial<NodeStartedArgs>): NodeStartedResult =>
    catalog.run(nodeStarted, { ...base, starts: 1, segmentEnds: [], nowMs: catalog.nowMs, ...given })
  return { base, start }
}

describe('nodeStarted', () => {
  it('numbers new nodes, and knows one that comes back', () => {
    using catalog = new TestCatalog()
    const [one, two] = [starter(catalog), starter(catalog)]
    assert.deepEqual(one.start({}), { number: 1, verdict: 'new' })
    assert.deepEqual(two.start({}), { number: 2, verdict: 'new' })
    const segmentEnds = [{ segment: 1, bytes: 4096 }]
    assert.deepEqual(one.start({ starts: 2, segmentEnds, freeBytes: 4 }), { number: 1, verdict: 'current' })
    const [row] = catalog.run(listNodes, {})
    assert.deepEqual(
      [row?.node, row?.state, row?.starts, row?.freeBytes, row?.segmentEnds],
      [one.base.node, 'online', 2, 4, segmentEnds],
    )
  })

  it('sees that a disk was rolled back, at every start until its ends were reported anew', () => {
    using catalog = new TestCatalog()
    const { start } = starter(catalog)
    const ends = (first: number, second: number) => [
      { segment: 1, bytes: first },
      { segment: 2, bytes: second },
    ]
    start({ starts: 5, segmentEnds: ends(8192, 4096) })
    assert.equal(start({ starts: 5, segmentEnds: ends(8192, 4096) }).verdict, 'rolled_back')
    assert.equal(start({ starts: 6, segmentEnds: ends(4096, 4096) }).verdict, 'rolled_back')
    assert.equal(start({ starts: 7, segmentEnds: ends(8192, 4096).slice(0, 1) }).verdict, 'rolled_back')
    const seen = { number: 1, state: 'online', capacityBytes: 10, freeBytes: 5, nowMs: 1 }
    catalog.run(nodeSeen, { ...seen, segmentEnds: ends(4096, 4096) })
    assert.equal(start({ starts: 8, segmentEnds: ends(4096, 4096) }).verdict, 'current')
  })

  it('knows that a segment may go in a compaction', () => {
    using catalog = new TestCatalog()
    const { start } = starter(catalog)
    start({ segmentEnds: [{ segment: 1, bytes: 4096 }] })
    assert.equal(start({ starts: 2, segmentEnds: [{ segment: 1, bytes: 0 }] }).verdict, 'current')
    assert.equal(start({ starts: 3, segmentEnds: [] }).verdict, 'current')
    const [old, last] = [1, 2].map((segment) => ({ segment, bytes: 4096 }))
    assert(old !== undefined && last !== undefined)
    start({ starts: 4, segmentEnds: [old, last] })
    assert.equal(start({ starts: 5, segmentEnds: [last] }).verdict, 'current')
    assert.equal(start({ starts: 6, segmentEnds: [old] }).verdict, 'rolled_back')
  })

  it('refuses a copy: a known node on another disk, or a known disk as another node', () => {
    using catalog = new TestCatalog()
    const { start } = starter(catalog)
    start({})
    assert.deepEqual(start({ disk: catalog.ids.next(), starts: 9 }), { number: 1, verdict: 'cloned' })
    assert.deepEqual(start({ node: catalog.ids.next(), starts: 9 }), { number: 1, verdict: 'cloned' })
    assert.equal(catalog.run(listNodes, {}).length, 1)
  })
})
