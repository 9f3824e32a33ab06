import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { hasCode } from '@holdfast/core/wire/errors.ts'
import { ManualClock } from '../seams/manual-clock.test-support.ts'
import { DownloadsRoom } from './downloads-room.ts'

const CHUNK_BYTES = 2 * 1024 * 1024
const READERS = 64
const never = new AbortController().signal

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

/** So many readers that nothing is left, each with a piece before its client; those that are ended give their room back. */
async function fullRoom(clock: ManualClock) {
  const room = new DownloadsRoom(clock)
  const ended: number[] = []
  const sending = []
  for (let reader = 0; reader < READERS; reader++) {
    await room.take(CHUNK_BYTES, never)
    const pieces = room.send(new Uint8Array(1), () => {
      ended.push(reader)
      pieces.return(undefined)
      room.give(CHUNK_BYTES)
    })
    pieces.next()
    sending.push(pieces)
    clock.advance(10)
  }
  return { room, ended, sending }
}

describe('the memory of readers', () => {
  it('is for those that are few where it is for reading ahead', async () => {
    const room = new DownloadsRoom(new ManualClock())
    for (let chunk = 0; chunk < READERS / 4; chunk++) await room.take(CHUNK_BYTES, never)
    assert.equal(room.tryTake(CHUNK_BYTES), true)
    assert.equal(room.tryTake(CHUNK_BYTES), false)
    await room.take(CHUNK_BYTES, never)
  })

  it('is taken from nobody as long as nobody waits, however slow', async () => {
    const clock = new ManualClock()
    const { ended } = await fullRoom(clock)
    clock.advance(3600_000)
    assert.deepEqual(ended, [])
  })

  it('comes from the client that has had its piece for longest, if that is long', async () => {
    const clock = new ManualClock()
    const { room, ended, sending } = await fullRoom(clock)
    sending[0]?.next()
    const waits = room.take(CHUNK_BYTES, never)
    clock.advance(20_000 - 10 * READERS)
    assert.deepEqual(ended, [])
    clock.advance(1_000)
    await waits
    assert.deepEqual(ended, [1])
    assert.equal(clock.timers, 0)
  })

  it('is waited for so long and no longer', async () => {
    const clock = new ManualClock()
    const room = new DownloadsRoom(clock)
    for (let reader = 0; reader < READERS; reader++) await room.take(CHUNK_BYTES, never)
    const waits = assert.rejects(room.take(CHUNK_BYTES, never), (error) => hasCode(error, 'overloaded'))
    clock.advance(30_000)
    await waits
    const gone = new AbortController()
    const leaves = assert.rejects(room.take(CHUNK_BYTES, gone.signal), /gone/)
    gone.abort(new Error('gone'))
    await leaves
    await turn()
    assert.equal(clock.timers, 0)
  })
})
