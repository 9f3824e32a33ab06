import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Id } from '@holdfast/core/wire/ids.ts'
import { chunkNamed } from '../catalog/test-catalog.test-support.ts'
import { commitStripe } from '../catalog/transactions/commit-stripe.ts'
import { closeSessions } from '../catalog/transactions/dead-sessions.ts'
import { SessionWorld } from './session-world.test-support.ts'

const NIGHT_MS = 8 * 3600_000

/** What someone else does who looks for leases that have run out. */
function endExpired({ rows, clock }: SessionWorld): void {
  rows.run(closeSessions, { nowMs: clock.now() })
}

function isAlive({ rows }: SessionWorld, session: Id): boolean {
  const alive = rows.engine.query('SELECT session_id FROM sessions WHERE ended = 0')
  return alive.some((row) => Buffer.from(row['session_id'] as Uint8Array).toString('hex') === session)
}

async function turns(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve()
}

describe('sessions', () => {
  it('live as long as someone pins them, and end then', async () => {
    using world = new SessionWorld()
    await using sessions = await world.openSessions()
    const pin = sessions.pin()
    await sessions.roll()
    for (let hour = 0; hour < 3; hour++) {
      for (let minute = 0; minute < 60; minute++) {
        world.clock.advance(60_000)
        await turns()
      }
      endExpired(world)
      assert.equal(isAlive(world, pin.session), true)
    }
    pin.release()
    await turns()
    assert.equal(isAlive(world, pin.session), false)
  })

  it('outlive a night in which the machine slept and nobody looked', async () => {
    using world = new SessionWorld()
    await using sessions = await world.openSessions()
    const pin = sessions.pin()
    world.clock.sleep(NIGHT_MS)
    await world.reaperOf(sessions).run()
    assert.equal(isAlive(world, pin.session), true)
  })

  it('that ended while the machine slept commit nothing, and new work gets a new one', async () => {
    using world = new SessionWorld()
    await using sessions = await world.openSessions()
    const ticket = await sessions.stripe()
    const { session } = ticket.pin
    world.clock.sleep(NIGHT_MS)
    endExpired(world)
    const made = world.rows.stripe({ session: { session, sequence: ticket.sequence }, chunks: [chunkNamed('a')] })
    assert.throws(() => world.rows.run(commitStripe, { session, ...made }), { code: 'session_ended' })
    await sessions.renew()
    const next = await sessions.stripe()
    assert.notEqual(next.pin.session, session)
    assert.equal(isAlive(world, next.pin.session), true)
  })
})
