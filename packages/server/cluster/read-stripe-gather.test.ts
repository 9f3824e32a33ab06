import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { asSha256 } from '@holdfast/core/wire/ids.ts'
import type { ShardRow } from '../catalog/rows.ts'
import { ManualClock } from '../seams/manual-clock.test-support.ts'
import { GIVE_UP_AFTER_MS, gather, type Wanted } from './read-stripe-gather.ts'

const sha256 = asSha256('0'.repeat(64))

/** A stripe of these indexes, the n-th on node n + 1, and what was asked of each node. */
function gathering(indexes: readonly number[], wanted: Omit<Wanted, 'shards'>) {
  const clock = new ManualClock()
  const asked: number[] = []
  const answers = new Map<number, (bytes: Uint8Array | undefined) => void>()
  const silences = new Map<number, () => void>()
  const signals = new Map<number, AbortSignal>()
  const shards = indexes.map((index, at): ShardRow => {
    return { node: at + 1, index, state: 'durable', verifiedDay: 0, sequence: 1, sha256 }
  })
  const gathered = gather(clock, { shards, ...wanted }, ({ node }, onSilence, signal) => {
    asked.push(node)
    silences.set(node, onSilence)
    signals.set(node, signal)
    return new Promise((resolve) => answers.set(node, resolve))
  })
  const settle = async (node: number, bytes: Uint8Array | undefined): Promise<void> => {
    answers.get(node)?.(bytes)
    await new Promise(setImmediate)
  }
  const answer = (node: number): Promise<void> => settle(node, Uint8Array.of(node))
  const fail = (node: number): Promise<void> => settle(node, undefined)
  const fall = (node: number): void => silences.get(node)?.()
  return { clock, asked, answer, fail, fall, signals, found: async () => (await gathered).map(({ index }) => index) }
}

describe('gathering shards', () => {
  it('asks only for the one that is enough, and is done with it', async () => {
    const { asked, answer, found, clock } = gathering([0, 1, 2, 3, 4], { needed: 3, enough: 0 })
    assert.deepEqual(asked, [1])
    await answer(1)
    assert.deepEqual(await found(), [0])
    assert.equal(clock.timers, 0)
  })

  it('asks for as many others as are needed where that one fails, and for a further one in place of each that fails', async () => {
    const { asked, answer, fail, found } = gathering([0, 1, 2, 3, 4], { needed: 3, enough: 0 })
    await fail(1)
    assert.deepEqual(asked, [1, 2, 3, 4])
    await fail(3)
    assert.deepEqual(asked, [1, 2, 3, 4, 5])
    for (const node of [5, 4, 2]) await answer(node)
    assert.deepEqual(await found(), [4, 3, 1])
  })

  it('goes to others where a node is silent, and takes what is complete first', async () => {
    const one = gathering([0, 1, 2], { needed: 2, enough: 0 })
    one.fall(1)
    one.fall(1)
    assert.deepEqual(one.asked, [1, 2, 3])
    await one.answer(2)
    await one.answer(1)
    assert.deepEqual(await one.found(), [1, 0])
    assert.equal(one.signals.get(3)?.aborted, true)

    const other = gathering([0, 1, 2], { needed: 2, enough: 0 })
    other.fall(1)
    await other.answer(2)
    await other.answer(3)
    assert.deepEqual(await other.found(), [1, 2])
    assert.equal(other.signals.get(1)?.aborted, true)
  })

  it('waits for the silent when nobody else is left, and not for ever', async () => {
    const { clock, fall, answer, found } = gathering([0, 1, 2], { needed: 2 })
    await answer(1)
    fall(2)
    fall(3)
    clock.advance(GIVE_UP_AFTER_MS - 1)
    const late = gathering([0, 1, 2], { needed: 2 })
    for (const node of [1, 2, 3]) late.fall(node)
    await late.answer(3)
    await late.answer(1)
    assert.deepEqual(await late.found(), [2, 0])
    assert.equal(late.clock.timers, 0)
    clock.advance(1)
    assert.deepEqual(await found(), [0])
  })

  it('waits for all that are silent together, from the first one on', async () => {
    const { clock, fall, found } = gathering([0, 1, 2], { needed: 2, enough: 0 })
    fall(1)
    clock.advance(1000)
    fall(2)
    clock.advance(GIVE_UP_AFTER_MS - 1000)
    assert.equal(clock.timers, 0)
    fall(3)
    assert.deepEqual(await found(), [])
  })

  it('counts two entries of one index once', async () => {
    const { asked, answer, found } = gathering([1, 1, 2, 3], { needed: 3, enough: 0 })
    for (const node of [1, 2, 3]) await answer(node)
    assert.deepEqual(asked, [1, 2, 3, 4])
    await answer(4)
    assert.deepEqual(await found(), [1, 2, 3])
  })

  it('ends with what there is where all have failed', async () => {
    const { answer, fail, found } = gathering([0, 1], { needed: 2, enough: 0 })
    await fail(1)
    await answer(2)
    assert.deepEqual(await found(), [1])
  })
})
