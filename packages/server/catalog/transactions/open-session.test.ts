import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { chunkNamed, TestCatalog } from '../test-catalog.test-support.ts'
import { deadSessions, forgetSession, shardsOf } from './dead-sessions.ts'
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
    assert.deepEqual(catalog.run(deadSessions, { nowMs: catalog.nowMs + 90_000, limit: 10 }), [
      { session: ended.session },
    ])
    assert.deepEqual(aliveOf(catalog, kept, ended), [true, false])
  })

  it('ends when its lease has run out and somebody has looked', () => {
    using catalog = new TestCatalog()
    const opened = catalog.openSession()
    assert.deepEqual(catalog.run(deadSessions, { nowMs: catalog.nowMs + 59_999, limit: 10 }), [])
    assert.deepEqual(catalog.run(deadSessions, { nowMs: catalog.nowMs + 60_000, limit: 10 }), [
      { session: opened.session },
    ])
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

  it('is forgotten only when it has ended', () => {
    using catalog = new TestCatalog()
    const { session } = catalog.openSession()
    catalog.run(forgetSession, { session })
    assert.equal(catalog.count('SELECT count(*) FROM sessions'), 1)
    catalog.run(endSession, { session })
    catalog.run(forgetSession, { session })
    assert.equal(catalog.count('SELECT count(*) FROM sessions'), 0)
  })

  it('knows where the stripes of its own block have their shards', () => {
    using catalog = new TestCatalog()
    const [session, other] = [catalog.openSession(), catalog.openSession()]
    const { stripe } = catalog.commitStripe({ session, chunks: [chunkNamed('a')] })
    catalog.commitStripe({ session: other, chunks: [chunkNamed('b')] })
    assert.deepEqual(
      catalog.run(shardsOf, { session: session.session }),
      stripe.shards.map(({ index, node }) => ({ stripe: stripe.stripe, index, node })),
    )
  })
})
