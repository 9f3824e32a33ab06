import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { stripeCapacity } from '@holdfast/core/sealing/stripe-layout.ts'
import { HoldfastError, hasCode } from '@holdfast/core/wire/errors.ts'
import type { StripeShape } from '../compute/compute.ts'
import { InlineCompute } from '../compute/inline-compute.ts'
import { systemRandom } from '../seams/random.ts'
import { lineage, turns, World } from './write-stripe.test-support.ts'
import { StripeNotWritten } from './write-stripe.ts'

const away = new HoldfastError('node_unavailable', 'away')
const shape = { dataShards: 3, parityShards: 2 }
const MiB = 1024 * 1024

/** What the slot of a long stripe takes. */
async function memoryOf(wide: StripeShape): Promise<number> {
  await using compute = await InlineCompute.open(systemRandom, 64 * MiB)
  return (await compute.open({ shape: wide, ...stripeCapacity(wide.dataShards, 256 * 1024) })).memoryBytes
}

/** Whether a promise has settled by now. */
async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  let settled = false
  const note = (): void => {
    settled = true
  }
  promise.then(note, note)
  await turns()
  return settled
}

describe('writing a stripe', () => {
  it('answers at once when all shards are durable, each on a node of its own', async () => {
    const world = new World(5)
    const { shards, late } = await world.write()
    assert.deepEqual(
      shards.map(({ state }) => state),
      Array(5).fill('durable'),
    )
    assert.equal(new Set(shards.map(({ node }) => node)).size, 5)
    assert.equal(late.length, 0)
    assert.equal(world.clock.timers, 0)
  })

  it('ends at once where a node says that its session has ended, and sends nothing more', async () => {
    const world = new World(7)
    for (const store of world.stores) await store.closePuts({ lineage, sequence: 6 })
    await assert.rejects(world.write(), (error) => {
      assert.ok(error instanceof StripeNotWritten)
      return hasCode(error.cause, 'session_ended')
    })
    await turns()
    assert.equal(world.nodes.all().filter(({ writable }) => writable).length, 7)
  })

  it('waits 100 ms beyond the quorum for the rest, and keeps its memory until the last put has settled', async () => {
    const world = new World(5)
    const go = world.hang(2)
    const writing = world.write()
    world.clock.advance(99)
    assert.equal(await isSettled(writing), false)
    world.clock.advance(1)
    await turns()
    world.clock.advance(100)
    const { shards, late, aftermath } = await writing
    assert.equal(shards.find(({ node }) => node === 2)?.state, 'expected')
    assert.equal(late.length, 1)
    assert.equal(await isSettled(aftermath.settled), false)
    go()
    assert.equal(await late[0]?.arrived, true)
    assert.equal(await isSettled(aftermath.settled), true)
  })

  it('answers with the quorum where a node fails, and calls its shard missing', async () => {
    const world = new World(5)
    world.store(1).inject({ on: 'put', error: away })
    const { shards, late } = await world.write()
    assert.equal(shards.find(({ node }) => node === 1)?.state, 'missing')
    assert.equal(late.length, 0)
    assert.equal(world.nodes.get(1)?.state, 'offline')
  })

  it('sends a shard to another node where its own fails, or is silent', async () => {
    const world = new World(7)
    world.store(1).inject({ on: 'put', error: away })
    const { shards } = await world.write()
    assert.deepEqual(
      shards.map(({ state }) => state),
      Array(5).fill('durable'),
    )
    assert.equal(new Set(shards.map(({ node }) => node)).size, 5)

    const silent = new World(6)
    const letGo = [0, 1, 2].map((number) => silent.hang(number))
    const writing = silent.write()
    await turns()
    silent.clock.advance(2000)
    await turns()
    silent.clock.advance(100)
    assert.equal(await isSettled(writing), false)
    for (const go of letGo) go()
    await writing
  })

  it('counts for a substitute what it says itself, not what comes late from the node before it', async () => {
    const world = new World(6)
    const letGo = [0, 1, 2, 3, 4, 5].map((number) => world.hang(number))
    const writing = world.write()
    await turns()
    const sixth = world.stores.findIndex(({ fired }) => fired.get('put') === undefined)
    world.clock.advance(2000)
    for (const [number, go] of letGo.entries()) if (number !== sixth) go()
    await turns()
    world.clock.advance(100)
    const { shards, late } = await writing
    assert.deepEqual(shards.map(({ state }) => state).sort(), ['durable', 'durable', 'durable', 'durable', 'expected'])
    assert.deepEqual(
      late.map(({ node }) => node),
      [sixth],
    )
    const arrived = late[0]?.arrived ?? assert.fail()
    assert.equal(await isSettled(arrived), false)
    letGo[sixth]?.()
    assert.equal(await arrived, true)
  })

  it('gives up when the quorum cannot be reached any more, and says how many there were', async () => {
    const world = new World(5)
    for (const number of [0, 3]) world.store(number).inject({ on: 'put', error: away })
    await assert.rejects(world.write(), (error) => {
      assert.ok(error instanceof StripeNotWritten && error.cause instanceof HoldfastError)
      assert.equal(error.cause.code, 'quorum_lost')
      return true
    })
    await assert.rejects(world.write(), /needs 4 nodes and reached 3/)
  })

  it('gives up after its deadline where nodes hang', async () => {
    const world = new World(5)
    for (const number of [0, 3]) world.hang(number)
    const writing = world.write()
    await turns()
    world.clock.advance(30_000)
    await assert.rejects(writing, StripeNotWritten)
  })

  it('gives a put up that hangs, though not its memory', async () => {
    const world = new World(5)
    const go = world.hang(2)
    const writing = world.write()
    await turns()
    world.clock.advance(100)
    const { late, aftermath } = await writing
    world.clock.advance(29_899)
    assert.equal(await isSettled(aftermath.decided), false)
    world.clock.advance(1)
    assert.equal(await late[0]?.arrived, false)
    assert.equal(await isSettled(aftermath.decided), true)
    assert.equal(await isSettled(aftermath.settled), false)
    go()
    assert.equal(await isSettled(aftermath.settled), true)
    assert.equal(world.clock.timers, 0)
  })

  it('gives a node nothing new while it is silent on a put, whatever its reports say', async () => {
    const world = new World(5)
    const go = world.hang(2)
    const writing = world.write()
    await turns()
    world.clock.advance(100)
    await writing
    world.clock.advance(1900)
    await world.nodes.refresh()
    const { shards, late } = await world.write({ number: 2 })
    assert.equal(shards.find(({ node }) => node === 2)?.state, 'missing')
    assert.equal(late.length, 0)
    world.store(2).heal()
    go()
    await turns()
    await world.nodes.refresh()
    const again = await world.write({ number: 3 })
    assert.equal(again.shards.find(({ node }) => node === 2)?.state, 'durable')
  })

  it('waits for nodes that pause all at once, and not for those that are taken to hang', async () => {
    const world = new World(5)
    const letGo = [0, 1, 2, 3, 4].map((number) => world.hang(number))
    const first = world.write()
    await turns()
    world.clock.advance(2000)
    const second = world.write({ number: 2 })
    world.clock.advance(7999)
    const third = world.write({ number: 3 })
    assert.deepEqual(await Promise.all([first, second, third].map(isSettled)), [false, false, false])
    world.clock.advance(1)
    await assert.rejects(world.write({ number: 4 }), /needs 4 nodes and reached 0/)
    for (const go of letGo) go()
    for (const { shards } of await Promise.all([first, second, third])) {
      assert.deepEqual(
        shards.map(({ state }) => state),
        Array(5).fill('durable'),
      )
    }
    for (const store of world.stores) store.heal()
    await world.nodes.refresh()
    await world.write({ number: 5 })
    assert.equal(world.clock.timers, 0)
  })

  it('asks all nodes that answer before one that is silent, and as many of those as the quorum needs', async () => {
    const world = new World(9)
    const letGo = [0, 1, 2, 3, 4, 5].map((number) => world.hang(number))
    for (const number of letGo.keys()) world.nodes.noteSilence(number, new Promise(() => undefined))
    const writing = world.write()
    await turns()
    assert.equal(await isSettled(writing), false)
    for (const go of letGo) go()
    const { shards } = await writing
    assert.ok(new Set(shards.map(({ node }) => node)).isSupersetOf(new Set([6, 7, 8])))
  })

  it('asks a silent node when another one fails that the quorum needs', async () => {
    const world = new World(5)
    const go = world.hang(2)
    const first = world.write()
    await turns()
    world.clock.advance(2000)
    await first
    world.store(1).inject({ on: 'put', error: away })
    const second = world.write({ number: 2 })
    await turns()
    assert.equal(await isSettled(second), false)
    go()
    const { shards } = await second
    assert.equal(shards.find(({ node }) => node === 2)?.state, 'durable')
    assert.equal(shards.find(({ node }) => node === 1)?.state, 'missing')
  })

  it('leaves three large stripes to a disk that hangs, and takes back what waits behind them', async () => {
    const world = new World(5)
    world.hang(2)
    const memoryBytes = await memoryOf(shape)
    const writing = [1, 2, 3, 4, 5].map((number) => world.write({ number, memoryBytes }))
    await turns()
    world.clock.advance(100)
    const written = await Promise.all(writing)
    const free = async (): Promise<boolean[]> =>
      await Promise.all(written.map(({ aftermath }) => isSettled(aftermath.settled)))
    assert.deepEqual(await free(), [false, false, false, false, false])
    world.clock.advance(1900)
    assert.deepEqual(await free(), [false, false, false, true, true])
    assert.equal(await written[4]?.late[0]?.arrived, false)
  })

  it('leaves one or two stripes of a wide shape to a disk that hangs, and writes the others', async () => {
    for (const { left, ...wide } of [
      { dataShards: 6, parityShards: 4, left: 1 },
      { dataShards: 8, parityShards: 2, left: 2 },
      { dataShards: 16, parityShards: 4, left: 1 },
    ]) {
      const world = new World(wide.dataShards + wide.parityShards)
      world.hang(2)
      const memoryBytes = await memoryOf(wide)
      const writing = [1, 2, 3].map((number) => world.write({ number, memoryBytes, ...wide }))
      await turns()
      world.clock.advance(100)
      const written = await Promise.all(writing)
      world.clock.advance(1900)
      const free = await Promise.all(written.map(({ aftermath }) => isSettled(aftermath.settled)))
      assert.deepEqual(
        free,
        writing.map((_, at) => at >= left),
      )
    }
  })

  it('leaves a put in its queue that nobody else takes, however slow the disks are', async () => {
    const world = new World(5)
    const letGo = [0, 1, 2, 3, 4].map((number) => world.hang(number))
    const writing = [1, 2, 3, 4].map((number) => world.write({ number, memoryBytes: 11 * MiB }))
    await turns()
    world.clock.advance(2500)
    assert.deepEqual(await Promise.all(writing.map(isSettled)), [false, false, false, false])
    for (const go of letGo) go()
    await Promise.all(writing)
  })

  it('has no substitute in a node of weight 0', async () => {
    const world = new World(6)
    const view = world.nodes.get(5)
    assert.ok(view !== undefined)
    world.nodes.add({ ...view, weight: 0 })
    world.store(1).inject({ on: 'put', error: away })
    const { shards, aftermath } = await world.write()
    assert.equal(shards.find(({ node }) => node === 1)?.state, 'missing')
    await aftermath.settled
  })
})
