import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { TestCatalog } from '../test-catalog.test-support.ts'
import { closeSessions } from './dead-sessions.ts'
import { endSession, endSessionsOf } from './end-session.ts'
import { renewSessions } from './renew-sessions.ts'

function aliveOf(catalog: TestCatalog, ...sessions: { session: string }[]): boolean[] {
  const alive = catalog.engine.query('SELECT session_id FROM sessions WHERE ended = 0')
  const ids = alive.map((row) => Buffer.from(row['session_id'] as Uint8Array).toString('hex'))
  return sessions.map(({ session }) => ids.includes(session))
}

describe('a session', () => {
  it('opens at a number of its own', () => {
    using catalog = new TestCatalog()
    const first = catalog.openSession()
    assert.equal(catalog.openSession().sequence, first.sequence + 1)
  })

  it('is renewed while it is alive, and never after', () => {
    using catalog = new TestCatalog()
    const [kept, ended] = [catalog.openSession(), catalog.openSession()]
    catalog.run(endSession, { session: ended.session })
    const sessions = [kept.session, ended.session]
    assert.deepEqual(catalog.run(renewSessions, { sessions, nowMs: catalog.nowMs, leaseMs: 100_000 }), [kept.session])
    catalog.run(closeSessions, { nowMs: catalog.nowMs + 90_000 })
    assert.deepEqual(aliveOf(catalog, kept, ended), [true, false])
  })

  it('ends when its lease has run out and somebody has looked', () => {
    using catalog = new TestCatalog()
    const opened = catalog.openSession()
    catalog.run(closeSessions, { nowMs: catalog.nowMs + 59_999 })
    assert.deepEqual(aliveOf(catalog, opened), [true])
    catalog.run(closeSessions, { nowMs: catalog.nowMs + 60_000 })
    assert.deepEqual(aliveOf(catalog, opened), [false])
    assert.deepEqual(catalog.run(renewSessions, { sessions: [opened.session], nowMs: 0, leaseMs: 1 }), [])
  })

  it('ends with those of every other gateway, or with all', () => {
    using catalog = new TestCatalog()
    const [own, other] = [catalog.openSession(), catalog.openSession(catalog.ids.next())]
    catalog.run(endSessionsOf, { gateway: catalog.gateway })
    assert.deepEqual(aliveOf(catalog, own, other), [true, false])
    catalog.run(endSessionsOf, {})
    assert.deepEqual(aliveOf(catalog, own, other), [false, false])
  })

  it('is forgotten at its end where no stripe was written under it', () => {
    using catalog = new TestCatalog()
    const [used, unused] = [catalog.openSession(), catalog.openSession()]
    catalog.run(endSession, { session: used.session })
    catalog.run(endSession, { session: unused.session, isUnused: true })
    assert.deepEqual(aliveOf(catalog, used, unused), [false, false])
    assert.equal(catalog.count('SELECT count(*) FROM sessions'), 1)
  })
})
