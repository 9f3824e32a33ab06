import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { hasCode } from '@holdfast/core/wire/errors.ts'
import { ManualClock } from '../seams/manual-clock.test-support.ts'
import { DownloadsRoom } from './downloads-room.ts'

const CHUNK_BYTES = 2 * 1024 * 1024
const READERS = 16
const PIECE = new Uint8Array(CHUNK_BYTES)
/** A chunk at 1 KiB a second, after 30 seconds. */
const ALLOWED_MS = 30_000 + 2048 * 1000
const never = new AbortController().signal

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

/** Fails where there is no room at once, and says so; waiting for it would never end. */
async function takeNow(room: DownloadsRoom, what: string): Promise<void> {
  const none = turn().then(() => assert.fail(`${what}: the budget is another than this test expects`))
  await Promise.race([room.take(CHUNK_BYTES, never), none])
}

/** So many readers that nothing is left, each with a piece before its client and `heldBytes` behind it. */
async function fullRoom(clock: ManualClock, heldBytes = 0) {
  const room = new DownloadsRoom(clock)
  const ended: number[] = []
  const letGo: number[] = []
  const sending = []
  for (let reader = 0; reader < READERS; reader++) {
    await takeNow(room, `there is no room for reader ${reader}`)
    let held = heldBytes
    const pieces = room.send(PIECE.subarray(heldBytes), {
      end: () => {
        ended.push(reader)
        pieces.return(undefined)
      },
      letGo: () => {
        const bytes = held
        held = 0
        letGo.push(reader)
        room.give(bytes)
        return bytes
      },
    })
    pieces.next()
    sending.push(pieces)
    clock.advance(10)
  }
  return { room, ended, letGo, sending }
}

describe('the memory of readers', () => {
  it('is for those that are few where it is for reading ahead', async () => {
    const room = new DownloadsRoom(new ManualClock())
    for (let chunk = 0; chunk < 4; chunk++) await takeNow(room, `there is no room for chunk ${chunk}`)
    assert.equal(room.pieceBytes, CHUNK_BYTES)
    assert.equal(room.tryTake(CHUNK_BYTES), true)
    assert.equal(room.tryTake(CHUNK_BYTES), false)
    assert.equal(room.pieceBytes, CHUNK_BYTES / 8)
    await takeNow(room, 'there is no room beyond reading ahead')
  })

  it('is taken from nobody who takes a little, as long as nobody waits', async () => {
    const clock = new ManualClock()
    const { ended } = await fullRoom(clock)
    clock.advance(ALLOWED_MS - 10 * READERS - 1)
    assert.deepEqual(ended, [])
    clock.advance(2000)
    assert.equal(ended.length, READERS)
    clock.advance(1000)
    assert.equal(clock.timers, 0)
  })

  it('is taken from nobody because this process stood still', async () => {
    const clock = new ManualClock()
    let sleptMs = 0
    const room = new DownloadsRoom({
      now: () => clock.now(),
      monotonicMs: () => clock.monotonicMs() + sleptMs,
      after: (delayMs, act) => clock.after(delayMs, act),
    })
    let isEnded = false
    await room.take(1024, never)
    const end = (): void => {
      isEnded = true
    }
    const sending = room.send(new Uint8Array(1024), { end, letGo: () => 0 })
    sending.next()
    sleptMs = 8 * 3600_000
    clock.advance(25_000)
    assert.equal(isEnded, false)
    clock.advance(7_000)
    assert.equal(isEnded, true)
  })

  it('comes from what readers hold behind a piece that is slow to go, as far as others need it', async () => {
    const clock = new ManualClock()
    const { room, ended, letGo } = await fullRoom(clock, CHUNK_BYTES / 2)
    const waits = room.take(CHUNK_BYTES / 2, never)
    clock.advance(999 - 10 * READERS)
    assert.deepEqual(letGo, [])
    clock.advance(1)
    await waits
    assert.deepEqual(letGo, [0])
    clock.advance(20_000)
    assert.deepEqual([letGo, ended], [[0], []])
    await takeNow(room, 'what is held behind two pieces is a chunk')
    assert.deepEqual(letGo, [0, 0, 1, 2])
  })

  it('comes from the client that has had its piece for longest, if that is long', async () => {
    const clock = new ManualClock()
    const { room, ended, sending } = await fullRoom(clock)
    sending[0]?.next()
    await takeNow(room, 'there is no room where a piece has gone')
    const waits = room.take(CHUNK_BYTES, never)
    clock.advance(20_000 - 10 * READERS)
    assert.deepEqual(ended, [])
    clock.advance(1_000)
    await waits
    assert.deepEqual(ended, [1])
  })

  it('is waited for so long and no longer', async () => {
    const clock = new ManualClock()
    const room = new DownloadsRoom(clock)
    for (let reader = 0; reader < READERS; reader++) await takeNow(room, `there is no room for reader ${reader}`)
    const taking = room.take(CHUNK_BYTES, never)
    assert.equal(clock.timers, 1, 'the budget is used up')
    const waits = assert.rejects(taking, (error) => hasCode(error, 'overloaded'))
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
