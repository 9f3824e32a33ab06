import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { describe, it } from 'node:test'
import { HoldfastError } from '@holdfast/core/wire/errors.ts'
import { chunkNamed } from '../catalog/test-catalog.test-support.ts'
import { commitStripe } from '../catalog/transactions/commit-stripe.ts'
import { listNodes } from '../catalog/transactions/list-nodes.ts'
import type { ShardId, ShardPut } from '../storage/shard-store.ts'
import { putOf, refuses } from '../storage/shard-store-contract.ts'
import type { Reaper } from './reaper.ts'
import { LINEAGE, SessionWorld } from './session-world.test-support.ts'
import type { Sessions, StripeTicket } from './sessions.ts'

const AWAY = new HoldfastError('node_unavailable', 'away')

class World extends SessionWorld {
  constructor() {
    super(5)
  }

  async open(deadSessionsMax?: number): Promise<{ sessions: Sessions; reaper: Reaper }> {
    const sessions = await this.openSessions()
    const reaper = this.reaperOf(sessions, deadSessionsMax)
    // Nodes that are new are walked first.
    for (let run = 0; run < 3; run++) await this.run(reaper)
    return { sessions, reaper }
  }

  async run(reaper: Reaper): Promise<number> {
    const { debris } = await reaper.run()
    // A session that the run has rolled ends behind it.
    for (let turn = 0; turn < 20; turn++) await Promise.resolve()
    return debris
  }

  put(node: number, ticket: StripeTicket, index = node - 1): Promise<unknown> {
    return this.faulty(node).put(shardOf(ticket, index))
  }

  /** With a shard on each of the five nodes, and a file that needs it. */
  async commit(ticket: StripeTicket): Promise<void> {
    const { stripe: made, places } = this.rows.stripe({
      session: { session: ticket.pin.session, sequence: ticket.sequence },
      chunks: [chunkNamed(ticket.stripe)],
    })
    for (let node = 1; node <= 5; node++) await this.put(node, ticket)
    const stripe = { ...made, stripe: ticket.stripe }
    const placesOfIt = places.map((place) => ({ ...place, stripe: ticket.stripe }))
    const { session } = ticket.pin
    this.rows.run(commitStripe, { session, stripe, places: placesOfIt })
    this.rows.commitVersion(ticket.stripe, { sessions: [session], chunk: chunkNamed(ticket.stripe) })
  }

  async heldBy(node: number): Promise<ShardId[]> {
    return (await this.faulty(node).list({ limit: 10_000 })).map(({ id }) => id)
  }

  get sessions(): number {
    return this.rows.count('SELECT count(*) FROM sessions')
  }

  get rowsOfNodes() {
    return this.rows.run(listNodes, {})
  }
}

function shardOf({ stripe, sequence }: StripeTicket, index: number, bytes = randomBytes(10)): ShardPut {
  return { ...putOf({ stripe, index }, bytes), order: { lineage: LINEAGE, sequence } }
}

describe('debris', () => {
  it('is what no commit names on a node, once its session has ended', async () => {
    using world = new World()
    const { sessions, reaper } = await world.open()
    const [kept, lost] = [await sessions.stripe(), await sessions.stripe()]
    await world.commit(kept)
    // A copy on a node that was replaced, as another node has that shard.
    await world.put(2, kept, 4)
    await world.put(1, lost)
    for (let run = 0; run < 3; run++) assert.equal(await world.run(reaper), 0)
    assert.equal((await world.heldBy(1)).length, 2)
    for (const { pin } of [kept, lost]) pin.release()
    assert.equal((await world.run(reaper)) + (await world.run(reaper)), 2)
    for (let node = 1; node <= 5; node++)
      assert.deepEqual(await world.heldBy(node), [{ stripe: kept.stripe, index: node - 1 }])
    await sessions[Symbol.asyncDispose]()
  })

  for (const isClosed of [true, false]) {
    it(`that comes when its session was compared is ${isClosed ? 'refused' : 'kept for ever, where nodes close nothing'}`, async () => {
      using world = new World()
      const { sessions, reaper } = await world.open()
      if (!isClosed) {
        for (const node of [1, 2]) world.faulty(node).closePuts = async () => {}
      }
      const ticket = await sessions.stripe()
      const { promise: wait, resolve: goOn } = Promise.withResolvers<void>()
      world.faulty(1).inject({ on: 'put', times: 1, wait: () => wait })
      const hanging = world.put(1, ticket).catch((error: unknown) => error)
      ticket.pin.release()
      for (let run = 0; run < 3; run++) await world.run(reaper)
      assert.equal(world.sessions, 1)
      goOn()
      await hanging
      if (isClosed) await refuses('session_ended', () => world.put(2, ticket))
      else await world.put(2, ticket)
      for (let run = 0; run < 3; run++) await world.run(reaper)
      const left = [...(await world.heldBy(1)), ...(await world.heldBy(2))]
      assert.equal(left.length, isClosed ? 0 : 2)
      await sessions[Symbol.asyncDispose]()
    })
  }

  it('that comes while a node answers what it has is refused, for puts are closed before it is asked', async () => {
    using world = new World()
    const { sessions, reaper } = await world.open()
    const ticket = await sessions.stripe()
    await world.put(1, ticket)
    ticket.pin.release()
    const store = world.faulty(1)
    const list = store.list.bind(store)
    const answers: unknown[] = []
    store.list = async (options) => {
      const listed = await list(options)
      answers.push(await world.put(1, ticket, 4).then(() => 'kept', codeOf))
      return listed
    }
    for (let run = 0; run < 3; run++) await world.run(reaper)
    store.list = list
    assert.deepEqual([...new Set(answers)], ['session_ended'])
    assert.deepEqual(await world.heldBy(1), [])
    await sessions[Symbol.asyncDispose]()
  })

  it('goes by an order that a put of a living session outlives, though it is the same shard', async () => {
    using world = new World()
    const { sessions, reaper } = await world.open()
    const dead = await sessions.stripe()
    const bytes = randomBytes(10)
    await world.faulty(1).put(shardOf(dead, 0, bytes))
    dead.pin.release()
    await sessions.roll()
    for (let turn = 0; turn < 20; turn++) await Promise.resolve()
    await sessions.stripe()
    await sessions.roll()
    const repair = await sessions.stripe()
    const store = world.faulty(1)
    const purge = store.purge.bind(store)
    let purges = 0
    store.purge = async (ids, order) => {
      purges++
      if (purges === 1) await store.put(shardOf({ ...repair, stripe: dead.stripe }, 0, bytes))
      await purge(ids, order)
    }
    for (let run = 0; run < 3; run++) await world.run(reaper)
    assert.ok(purges > 0)
    assert.deepEqual(await world.heldBy(1), [{ stripe: dead.stripe, index: 0 }])
    await sessions[Symbol.asyncDispose]()
  })

  it('is not asked for on a node that is silent, whose readers would lose it', async () => {
    using world = new World()
    const { sessions, reaper } = await world.open()
    const ticket = await sessions.stripe()
    for (const node of [1, 2]) await world.put(node, ticket)
    ticket.pin.release()
    const { promise: hangs, resolve: goOn } = Promise.withResolvers<boolean>()
    world.nodes.noteSilence(1, hangs)
    for (let run = 0; run < 3; run++) await world.run(reaper)
    assert.deepEqual([(await world.heldBy(1)).length, (await world.heldBy(2)).length], [1, 0])
    goOn(true)
    for (let run = 0; run < 3; run++) await world.run(reaper)
    assert.deepEqual(await world.heldBy(1), [])
    await sessions[Symbol.asyncDispose]()
  })

  for (const [code, isOnline] of [
    ['overloaded', true],
    ['node_unavailable', false],
  ] as const) {
    it(`leaves a node ${isOnline ? 'online whose list waits for a put that hangs' : 'for away that does not answer'}, and is asked for later`, async () => {
      using world = new World()
      const { sessions, reaper } = await world.open()
      const ticket = await sessions.stripe()
      await world.put(1, ticket)
      ticket.pin.release()
      world.faulty(1).inject({ on: 'list', error: new HoldfastError(code, 'not now') })
      for (let run = 0; run < 3; run++) await world.run(reaper)
      assert.equal(world.nodes.isOnline(1), isOnline)
      world.faulty(1).heal()
      await world.nodes.refresh()
      for (let run = 0; run < 3; run++) await world.run(reaper)
      assert.deepEqual(await world.heldBy(1), [])
      await sessions[Symbol.asyncDispose]()
    })
  }

  it('of a session waits for older ones that live, whose puts a node must still take', async () => {
    using world = new World()
    const { sessions, reaper } = await world.open()
    const older = await sessions.stripe()
    await sessions.roll()
    const newer = await sessions.stripe()
    await world.put(1, newer)
    newer.pin.release()
    for (let run = 0; run < 3; run++) assert.equal(await world.run(reaper), 0)
    await world.commit(older)
    older.pin.release()
    assert.equal((await world.run(reaper)) + (await world.run(reaper)), 1)
    await sessions[Symbol.asyncDispose]()
  })

  it('goes from the nodes that are there while one is away for good, and few sessions are kept for that one', async () => {
    using world = new World()
    const { sessions, reaper } = await world.open(5)
    const upload = async (): Promise<StripeTicket> => {
      const [kept, lost] = [await sessions.stripe(), await sessions.stripe()]
      await world.commit(kept)
      for (let node = 1; node <= 5; node++) await world.put(node, lost)
      for (const { pin } of [kept, lost]) pin.release()
      return kept
    }
    const kept: StripeTicket[] = []
    for (let session = 0; session < 20; session++) {
      kept.push(await upload())
      world.nodes.noteFailure(5, AWAY)
      await world.run(reaper)
      assert.ok(world.sessions <= 7, `${world.sessions} sessions are kept`)
    }
    for (let run = 0; run < 2; run++) await world.run(reaper)
    assert.equal((await world.heldBy(1)).length, 20)
    assert.equal((await world.heldBy(5)).length, 40)
    assert.notEqual(world.rowsOfNodes[4]?.walkedTo, null)
    await world.nodes.refresh()
    let cleared = 0
    for (let run = 0; run < 3; run++) cleared += await world.run(reaper)
    assert.equal(cleared, 20)
    const shards = kept.map(({ stripe }) => ({ stripe, index: 4 }))
    assert.deepEqual(await world.heldBy(5), shards)
    assert.ok((world.rowsOfNodes[4]?.comparedTo ?? 0) > 0)
    assert.equal(world.sessions, 1)
    await sessions[Symbol.asyncDispose]()
  })

  it('is looked for on from where a walk was interrupted, in a block longer than a page too', async () => {
    using world = new World()
    const sessions = await world.openSessions()
    const reaper = world.reaperOf(sessions)
    const tickets: StripeTicket[] = []
    for (let stripe = 0; stripe < 1200; stripe++) {
      const ticket = await sessions.stripe()
      tickets.push(ticket)
      if (stripe < 1000) await world.commit(ticket)
      else await world.put(3, ticket)
      ticket.pin.release()
    }
    await world.run(reaper)
    // The first page holds no debris, and the second cannot be purged.
    world.faulty(3).inject({ on: 'purge', times: 1, error: AWAY })
    await world.run(reaper)
    assert.equal(world.rowsOfNodes[2]?.walkedTo, tickets[999]?.stripe)
    assert.equal(world.rowsOfNodes[1]?.walkedTo, null)
    await world.nodes.refresh()
    assert.equal(await world.run(reaper), 200)
    assert.equal(world.rowsOfNodes[2]?.walkedTo, null)
    assert.equal((await world.heldBy(3)).length, 1000)
    await sessions[Symbol.asyncDispose]()
  })

  it('is walked for to the end, though more sessions die in each run than are kept', async () => {
    using world = new World()
    const sessions = await world.openSessions()
    const reaper = world.reaperOf(sessions, 5)
    for (let stripe = 0; stripe < 2200; stripe++) {
      const ticket = await sessions.stripe()
      if (stripe < 2100) await world.commit(ticket)
      else await world.put(3, ticket)
      ticket.pin.release()
    }
    const store = world.faulty(3)
    const list = store.list.bind(store)
    // Such a walk takes many runs.
    let listed = 0
    store.list = async (options) => {
      if (++listed % 2 === 0) throw AWAY
      return await list(options)
    }
    const upload = async (): Promise<StripeTicket> => {
      await sessions.roll()
      const ticket = await sessions.stripe()
      await world.put(3, ticket)
      ticket.pin.release()
      return ticket
    }
    const first = await upload()
    const old = async () => (await list({ limit: 10_000 })).filter(({ id }) => id.stripe <= first.stripe).length
    for (let runs = 0; (await old()) > 2100; runs++) {
      assert.ok(runs < 10, `${await old()} shards are left`)
      for (let died = 0; died < 8; died++) await upload()
      await world.run(reaper)
      assert.ok(world.sessions < 20, `${world.sessions} sessions are kept`)
      await world.nodes.refresh()
    }
    // Nothing of what was looked through may come any more.
    await refuses('session_ended', () => world.put(3, first, 4))
    store.list = list
    for (let runs = 0; runs < 3; runs++) await world.run(reaper)
    assert.equal((await world.heldBy(3)).length, 2100)
    assert.equal(world.rowsOfNodes[2]?.walkedTo, null)
    await sessions[Symbol.asyncDispose]()
  })

  it('costs nothing where nothing is written: no rows, and no word to a node', async () => {
    using world = new World()
    const { sessions, reaper } = await world.open()
    for (let node = 1; node <= 5; node++)
      for (const on of ['close', 'list', 'purge'] as const)
        world.faulty(node).inject({ on, wait: async () => assert.fail(`${on} is asked of an idle node`) })
    for (let run = 0; run < 10; run++) await world.run(reaper)
    assert.equal(world.sessions, 1)
    for (let node = 1; node <= 5; node++) assert.deepEqual([...world.faulty(node).fired], [])
    await sessions[Symbol.asyncDispose]()
  })
})

function codeOf(error: unknown): string {
  return error instanceof HoldfastError ? error.code : String(error)
}
