import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { asStripeId } from '@holdfast/core/wire/ids.ts'
import { TestCatalog } from '../test-catalog.test-support.ts'
import { closeSessions, deadSessions, forgetSessions } from './dead-sessions.ts'
import { endSession } from './end-session.ts'
import { listNodes } from './list-nodes.ts'
import { nodeCompared } from './node-compared.ts'
import { nodeStarted } from './node-started.ts'

class Sessions extends TestCatalog {
  /** Opens a session that ends at once, and answers its number. */
  die(): number {
    const { session, sequence } = this.openSession()
    this.run(endSession, { session })
    return sequence
  }

  /** The number of a new node that was compared so far. */
  node(comparedTo: number): number {
    const at = { name: 'n', zone: 'z', capacityBytes: 1, freeBytes: 1, segmentEnds: [], nowMs: 1 }
    const who = { node: this.ids.next(), disk: this.ids.next(), starts: 1, start: this.ids.next() }
    const { number } = this.run(nodeStarted, { ...who, ...at })
    this.run(nodeCompared, { number, before: 0, comparedTo, walkedTo: null })
    return number
  }

  get close() {
    return this.run(closeSessions, { nowMs: this.nowMs })
  }

  get dead(): number[] {
    return this.run(deadSessions, { from: 0, below: 1e9, limit: 1000 }).map(({ sequence }) => sequence)
  }

  get comparedTo(): number[] {
    return this.run(listNodes, {}).map(({ comparedTo }) => comparedTo)
  }
}

describe('dead sessions', () => {
  it('are closed below the oldest that lives', () => {
    using catalog = new Sessions()
    const [first, living] = [catalog.die(), catalog.openSession()]
    const last = catalog.die()
    assert.equal(catalog.close, living.sequence)
    catalog.run(endSession, { session: living.session })
    // The newest number may still be given to another catalog transaction's deeds: it is closed with the next one.
    assert.equal(catalog.close, last)
    assert.deepEqual(catalog.dead, [first, living.sequence, last])
  })

  it('are told page by page, in the order in which they were opened', () => {
    using catalog = new Sessions()
    const all = [catalog.die(), catalog.die(), catalog.die(), catalog.die()]
    const [first = 0, second = 0, , last = 0] = all
    const told = (from: number, below: number, limit: number) =>
      catalog.run(deadSessions, { from, below, limit }).map(({ sequence }) => sequence)
    assert.deepEqual(told(0, last + 1, 2), all.slice(0, 2))
    assert.deepEqual(told(second + 1, last, 10), all.slice(2, 3))
    assert.deepEqual(told(0, first, 10), [])
  })

  it('are forgotten when every node that was ever compared has come past them, and not before', () => {
    using catalog = new Sessions()
    const [first = 0, second = 0, third = 0] = [catalog.die(), catalog.die(), catalog.die()]
    const forget = (below: number): void => catalog.run(forgetSessions, { below, keptMax: 100 })
    catalog.node(second)
    catalog.node(third)
    // Whoever was never compared will be walked, and needs none of them.
    catalog.node(0)
    forget(first)
    assert.deepEqual(catalog.dead, [first, second, third])
    forget(third + 1)
    assert.deepEqual(catalog.dead, [second, third])
  })

  it('are kept for a node that is away up to a maximum; then it is walked from the first of their blocks on, and the others go on', () => {
    using catalog = new Sessions()
    const first = catalog.die()
    const away = catalog.node(first)
    const [session] = catalog.run(deadSessions, { from: first, below: first + 1, limit: 1 })
    const there = catalog.node(0)
    let behind = 0
    for (let died = 0; died < 50; died++) {
      const sequence = catalog.die()
      catalog.run(nodeCompared, { number: there, before: behind, comparedTo: sequence, walkedTo: null })
      behind = sequence
      catalog.run(forgetSessions, { below: sequence + 1, keptMax: 10 })
      assert.ok(catalog.dead.length <= 10, `${catalog.dead.length} are kept`)
    }
    const [row] = catalog.run(listNodes, {})
    assert.ok(row !== undefined && row.comparedTo > first && `${row.walkedTo}` === session?.session)
    // What it notes of a comparison from before, does not count any more.
    catalog.run(nodeCompared, { number: away, before: first, comparedTo: behind, walkedTo: null })
    assert.deepEqual(catalog.run(listNodes, {})[0], row)
  })

  for (const [where, walkedTo, goesOnFrom] of [
    ['from where it is', '00', '00'],
    ['from the first block that nobody keeps for it, where it has come past that', 'ff', undefined],
  ] as const) {
    it(`let a walk that is under way go on ${where}, however many they are`, () => {
      using catalog = new Sessions()
      const number = catalog.node(0)
      const first = catalog.die()
      const [session] = catalog.run(deadSessions, { from: first, below: first + 1, limit: 1 })
      const from = asStripeId(walkedTo.repeat(16))
      catalog.run(nodeCompared, { number, before: 0, comparedTo: first, walkedTo: from })
      for (let died = 0; died < 5; died++) catalog.die()
      catalog.run(forgetSessions, { below: first + 5, keptMax: 3 })
      assert.deepEqual(catalog.dead, [first + 5])
      const walk = () => catalog.run(listNodes, {}).map((row) => [row.comparedTo, row.walkedTo])
      const now = goesOnFrom === undefined ? session?.session : from
      assert.deepEqual(walk(), [[first + 5, now]])
      // What a run of before that notes, does not count.
      catalog.run(nodeCompared, { number, before: first, comparedTo: first, walkedTo: null })
      assert.deepEqual(walk(), [[first + 5, now]])
    })
  }

  it('at or above the closed number are never forgotten, however many they are', () => {
    using catalog = new Sessions()
    catalog.node(catalog.die())
    const dead = Array.from({ length: 9 }, () => catalog.die())
    catalog.run(forgetSessions, { below: dead[3] ?? 0, keptMax: 0 })
    assert.deepEqual(catalog.dead, dead.slice(3))
  })
})
