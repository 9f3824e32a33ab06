import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ManualClock } from '../seams/manual-clock.test-support.ts'
import { READS_AT_ONCE_MAX, ReadLane, SILENT_AFTER_MS } from './read-stripe-lane.ts'

const never = new AbortController().signal

function laneWithReads(count: number) {
  const clock = new ManualClock()
  const lane = new ReadLane(clock)
  const begun: (() => void)[] = []
  let silences = 0
  const reads = Array.from({ length: count }, () =>
    lane.read(
      () => new Promise<void>((resolve) => begun.push(resolve)),
      () => silences++,
      never,
    ),
  )
  return { clock, lane, begun, reads, silences: () => silences }
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

describe('the reads at a node', () => {
  it('are a few at a time, and the next begins when one has ended', async () => {
    const { begun, reads } = laneWithReads(READS_AT_ONCE_MAX + 2)
    assert.equal(begun.length, READS_AT_ONCE_MAX)
    begun[0]?.()
    await reads[0]
    await turn()
    assert.equal(begun.length, READS_AT_ONCE_MAX + 1)
  })

  it('make it silent when one is late, which all hear that wait; until that one has ended', async () => {
    const { clock, lane, begun, silences } = laneWithReads(READS_AT_ONCE_MAX + 2)
    for (const end of begun.slice(1)) end()
    await turn()
    for (const end of begun.slice(1)) end()
    await turn()
    const hung = begun[0]
    const more = Array.from({ length: READS_AT_ONCE_MAX }, () =>
      lane.read(
        () => Promise.resolve(),
        () => {},
        never,
      ),
    )
    await Promise.all(more)
    clock.advance(SILENT_AFTER_MS - 1)
    assert.equal(lane.isSilent, false)
    clock.advance(1)
    assert.equal(lane.isSilent, true)
    assert.equal(silences(), 1)
    let heard = 0
    const later = lane.read(
      () => Promise.resolve('read'),
      () => heard++,
      never,
    )
    assert.equal(heard, 1)
    assert.equal(await later, 'read')
    hung?.()
    await turn()
    assert.equal(lane.isSilent, false)
    assert.equal(clock.timers, 0)
  })

  it('are taken back while they wait for their turn, and tell those that wait of a silence', async () => {
    const { clock, lane, begun, silences } = laneWithReads(READS_AT_ONCE_MAX)
    const gone = new AbortController()
    let heard = 0
    const waits = lane.read(
      () => Promise.reject(new Error('is not read')),
      () => heard++,
      gone.signal,
    )
    clock.advance(SILENT_AFTER_MS)
    assert.equal(silences(), READS_AT_ONCE_MAX)
    assert.ok(heard > 0)
    gone.abort(new Error('not wanted'))
    await assert.rejects(waits, /not wanted/)
    for (const end of begun) end()
    await turn()
    assert.equal(lane.isSilent, false)
    assert.equal(begun.length, READS_AT_ONCE_MAX)
  })
})
