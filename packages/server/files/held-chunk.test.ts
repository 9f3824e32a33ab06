import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { asChunkId, asId, asStripeId } from '@holdfast/core/wire/ids.ts'
import { ManualClock } from '../seams/manual-clock.test-support.ts'
import { DownloadsRoom } from './downloads-room.ts'
import { HeldChunk } from './held-chunk.ts'
import type { PlacedChunk } from './read-chunk.ts'

const PIECE_BYTES = 100_000
const PIECES = 4
const plainBytes = PIECES * PIECE_BYTES
const BUDGET_BYTES = 32 * 1024 * 1024
const never = new AbortController().signal
const id = asId('0'.repeat(32))
const stripe = asStripeId('0'.repeat(32))
const chunk: PlacedChunk = {
  place: {
    ...{ stripe, chunk: asChunkId('0'.repeat(64)), place: 0, storedBytes: plainBytes + 16, plainBytes },
    ...{ nonce: new Uint8Array(12), suite: 1, codec: 0, keyEpoch: 1 },
  },
  stripe: {
    ...{ stripe, bucket: id, dataShards: 1, parityShards: 0, shardBytes: plainBytes + 16 },
    ...{ sequence: 1, createdAt: 0, condemned: null, shards: [] },
  },
}

/** A chunk whose bytes tell where they stand, and all that was opened of it. */
function heldChunk({ from = 0, to = plainBytes, fails = false } = {}) {
  const room = new DownloadsRoom(new ManualClock())
  const opened: Uint8Array[][] = []
  const held = new HeldChunk({ chunk, from, to }, room, async () => {
    await turn()
    if (fails) throw new Error('not to be had')
    const pieces = Array.from({ length: PIECES }, (_, i) => new Uint8Array(PIECE_BYTES).fill(i))
    opened.push([...pieces])
    return pieces
  })
  /** Whether exactly so much is held: with it the room is full, and a byte more has to wait. */
  const holds = async (bytes: number): Promise<void> => {
    await turn()
    const gone = new AbortController()
    await room.take(BUDGET_BYTES - bytes, never)
    const more = assert.rejects(room.take(1, gone.signal), /there is no room/)
    gone.abort(new Error('there is no room'))
    await more
    room.give(BUDGET_BYTES - bytes)
  }
  return { held, opened, room, holds }
}

async function rest(held: HeldChunk, room: DownloadsRoom): Promise<Buffer> {
  const pieces: Uint8Array[] = []
  for (let piece = await held.next(never); piece !== undefined; piece = await held.next(never)) {
    pieces.push(piece)
    room.give(piece.length)
  }
  held.letGo()
  return Buffer.concat(pieces)
}

const plain = Buffer.concat(Array.from({ length: PIECES }, (_, i) => Buffer.alloc(PIECE_BYTES, i)))

describe('a chunk that is held for a reader', () => {
  it('holds its room until its pieces have gone, each with its own', async () => {
    const { held, holds, room } = heldChunk()
    await holds(0)
    await held.hold(never)
    await holds(plainBytes)
    assert.equal((await held.next(never))?.length, PIECE_BYTES)
    await holds(plainBytes)
    room.give(PIECE_BYTES)
    await holds(plainBytes - PIECE_BYTES)
    assert.deepEqual(await rest(held, room), plain.subarray(PIECE_BYTES))
    await holds(0)
  })

  it('lets go of all but the piece that the client has, and goes on behind it', async () => {
    const { held, holds, opened, room } = heldChunk()
    const piece = (await held.next(never)) ?? assert.fail()
    assert.equal(held.letGo(), plainBytes - PIECE_BYTES)
    await holds(PIECE_BYTES)
    assert.deepEqual(
      opened[0]?.map(({ length }) => length),
      [PIECE_BYTES, 0, 0, 0],
    )
    assert.deepEqual(piece, new Uint8Array(PIECE_BYTES))
    assert.equal(held.letGo(), 0)
    room.give(PIECE_BYTES)
    assert.deepEqual(await rest(held, room), plain.subarray(PIECE_BYTES))
    assert.equal(opened.length, 2)
    await holds(0)
  })

  it('gives its room back when it has come, where it is let go of on its way, or when it cannot be had', async () => {
    const { held, holds, opened } = heldChunk()
    assert.ok(held.tryHold())
    assert.equal(held.letGo(), plainBytes)
    await holds(0)
    assert.deepEqual(
      opened[0]?.map(({ length }) => length),
      [0, 0, 0, 0],
    )
    const lost = heldChunk({ fails: true })
    await assert.rejects(lost.held.next(never), /not to be had/)
    lost.held.letGo()
    await lost.holds(0)
  })

  it('is only what is wanted of it', async () => {
    const [from, to] = [PIECE_BYTES + 10, 2 * PIECE_BYTES + 20]
    const { held, holds, opened, room } = heldChunk({ from, to })
    assert.deepEqual(await rest(held, room), plain.subarray(from, to))
    assert.deepEqual(
      opened[0]?.map(({ length }) => length),
      [0, PIECE_BYTES, PIECE_BYTES, 0],
    )
    await holds(0)
  })
})
