import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ManualClock } from '../../../seams/manual-clock.test-support.ts'
import { BODY_BYTES_PER_SECOND_MIN, BODY_TICK_MS, BODY_WINDOW_MS, CROWDED_BYTES_PER_SECOND_MIN } from '../limits.ts'
import { BodyPace, type WatchedBody } from './body-pace.ts'

class Body implements WatchedBody {
  receivedBytes = 0
  waiting = true
  failed: string | undefined

  isWaiting(): boolean {
    return this.waiting
  }

  fail(error: { readonly code: string }): void {
    this.failed = error.code
  }
}

function watched(isCrowded = false) {
  const clock = new ManualClock()
  const pace = new BodyPace(clock, () => isCrowded)
  const body = new Body()
  pace.watch(body)
  const pass = (ms: number, bytesPerSecond: number) => {
    for (let passedMs = 0; passedMs < ms; passedMs += BODY_TICK_MS) {
      body.receivedBytes += (bytesPerSecond * BODY_TICK_MS) / 1000
      clock.advance(BODY_TICK_MS)
    }
  }
  return { clock, pace, body, pass }
}

describe('the pace of bodies', () => {
  it('ends a body that stands still, at the end of its first window', () => {
    const { body, pass } = watched()
    pass(BODY_WINDOW_MS - BODY_TICK_MS, 0)
    assert.equal(body.failed, undefined)
    pass(BODY_TICK_MS, 0)
    assert.equal(body.failed, 'body_too_slow')
  })

  it('lets a body go on that is just fast enough, and ends one that is just too slow', () => {
    const enough = watched()
    enough.pass(10 * BODY_WINDOW_MS, BODY_BYTES_PER_SECOND_MIN)
    assert.equal(enough.body.failed, undefined)
    const slow = watched()
    slow.pass(BODY_WINDOW_MS, BODY_BYTES_PER_SECOND_MIN - 1)
    assert.equal(slow.body.failed, 'body_too_slow')
  })

  it('wants more of a body while others wait for the room that it takes up', () => {
    const enough = watched(true)
    enough.pass(10 * BODY_WINDOW_MS, CROWDED_BYTES_PER_SECOND_MIN)
    assert.equal(enough.body.failed, undefined)
    const slow = watched(true)
    slow.pass(BODY_WINDOW_MS, CROWDED_BYTES_PER_SECOND_MIN - 1)
    assert.equal(slow.body.failed, 'body_too_slow')
  })

  it('does not let a fast beginning pay for a slow end', () => {
    const { body, pass } = watched()
    pass(BODY_WINDOW_MS, 1024 * 1024)
    pass(BODY_WINDOW_MS, 1)
    assert.equal(body.failed, 'body_too_slow')
  })

  it('does not count the time in which we do not read', () => {
    const { body, pass } = watched()
    body.waiting = false
    pass(10 * BODY_WINDOW_MS, 0)
    assert.equal(body.failed, undefined)
  })

  it('does not count the time in which this process stood still', () => {
    const { clock, body } = watched()
    const hasty = {
      now: () => clock.now(),
      monotonicMs: () => 100 * clock.monotonicMs(),
      after: (ms: number, act: () => void) => clock.after(ms, act),
    }
    const pace = new BodyPace(hasty, () => false)
    const other = new Body()
    pace.watch(other)
    clock.advance(2 * BODY_TICK_MS)
    assert.equal(other.failed, undefined)
    assert.equal(body.failed, undefined)
  })

  it('has no timer while nothing is received', () => {
    const { clock, pace, body, pass } = watched()
    assert.equal(clock.timers, 1)
    pace.unwatch(body)
    pass(BODY_TICK_MS, 0)
    assert.equal(clock.timers, 0)
    pace.watch(body)
    assert.equal(clock.timers, 1)
    pass(BODY_WINDOW_MS, 0)
    assert.equal(body.failed, 'body_too_slow')
    assert.equal(clock.timers, 0)
  })
})
