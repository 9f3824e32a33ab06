import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { AssertionError } from '@holdfast/core/wire/assert.ts'
import { sleep, systemClock } from './clock.ts'
import { ManualClock } from './manual-clock.test-support.ts'
import { repeatedly } from './repeatedly.ts'

const EVERY_MS = 1000

/** Long enough for every promise that waits for nothing. */
const soon = (): Promise<void> => sleep(systemClock, 5)

function world(act: (turn: number, closing: AbortSignal) => Promise<unknown>) {
  const clock = new ManualClock()
  const failures: unknown[] = []
  const fatalities: unknown[] = []
  let turns = 0
  const running = repeatedly({
    clock,
    everyMs: EVERY_MS,
    act: (closing) => act(++turns, closing),
    failed: (error) => failures.push(error),
    fatal: (error) => fatalities.push(error),
  })
  const pass = async (): Promise<void> => {
    clock.advance(EVERY_MS)
    await soon()
  }
  return { clock, failures, fatalities, running, pass, turns: () => turns }
}

describe('what is done in turns', () => {
  it('comes again after one that failed, and never twice at once', async () => {
    const slow = Promise.withResolvers<void>()
    const failure = new Error('not now')
    const { failures, fatalities, pass, turns } = world(async (turn) => {
      if (turn === 1) throw failure
      if (turn === 2) await slow.promise
    })
    await pass()
    assert.deepEqual([turns(), failures], [1, [failure]])
    for (let second = 0; second < 5; second++) await pass()
    assert.equal(turns(), 2)
    slow.resolve()
    await soon()
    await pass()
    assert.equal(turns(), 3)
    assert.deepEqual([failures.length, fatalities.length], [1, 0])
  })

  it('ends the process where an invariant is broken', async () => {
    const bug = new AssertionError('cannot be')
    const { failures, fatalities, pass } = world(async () => {
      throw bug
    })
    await pass()
    assert.deepEqual([failures, fatalities], [[], [bug]])
  })

  it('is told to end, and waited for; what it says then is no failure', async () => {
    const { failures, running, pass, turns } = world(
      (_turn, closing) =>
        new Promise((_resolve, reject) => closing.addEventListener('abort', () => reject(closing.reason))),
    )
    await pass()
    await running[Symbol.asyncDispose]()
    await pass()
    assert.deepEqual([turns(), failures], [1, []])
  })
})
