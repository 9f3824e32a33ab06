/**
 * The bytes of a vector clock, as they are stored and sent: the format's number (1) and 24 bytes per actor, in order of
 * the actors' bytes, each actor once.
 *
 *     | 1 | actor (16) | count (8, big-endian, 1 to 2^53 - 1) | actor | count | …
 *
 * Equal clocks have equal bytes. Reading refuses every other form, so that bytes may be compared, hashed and signed in
 * the place of the clock.
 */
import { assert } from '../wire/assert.ts'
import { HoldfastError } from '../wire/errors.ts'
import { asId, type Id } from '../wire/ids.ts'
import { CLOCK_ACTORS_MAX, type VectorClock } from './vector-clock.ts'

const FORMAT = 1
const ACTOR_BYTES = 16
const ENTRY_BYTES = ACTOR_BYTES + 8

const CLOCK_BYTES_MAX = 1 + CLOCK_ACTORS_MAX * ENTRY_BYTES

export function encodeClock(clock: VectorClock): Uint8Array {
  assert(clock.size <= CLOCK_ACTORS_MAX, `a clock names at most ${CLOCK_ACTORS_MAX} actors`)
  const bytes = new Uint8Array(1 + clock.size * ENTRY_BYTES)
  const view = new DataView(bytes.buffer)
  bytes[0] = FORMAT
  let at = 1
  // Hex of one length and one case sorts as its bytes do.
  for (const actor of [...clock.keys()].sort()) {
    const count = clock.get(actor)
    assert(count !== undefined && count >= 1 && Number.isSafeInteger(count), 'a clock counts whole changes from 1')
    for (let i = 0; i < ACTOR_BYTES; i++) bytes[at + i] = Number.parseInt(actor.slice(2 * i, 2 * i + 2), 16)
    view.setBigUint64(at + ACTOR_BYTES, BigInt(count))
    at += ENTRY_BYTES
  }
  return bytes
}

/** @throws {HoldfastError} `format_unknown` for another format, `bad_request` for bytes that no clock encodes to. */
export function decodeClock(bytes: Uint8Array): VectorClock {
  refuseUnless(bytes.length >= 1, 'it is empty')
  if (bytes[0] !== FORMAT) {
    throw new HoldfastError('format_unknown', `a vector clock of format ${bytes[0]}; this program reads ${FORMAT}`)
  }
  refuseUnless(bytes.length <= CLOCK_BYTES_MAX, `it names more than ${CLOCK_ACTORS_MAX} actors`)
  refuseUnless((bytes.length - 1) % ENTRY_BYTES === 0, 'its last entry is cut')
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const clock = new Map<Id, number>()
  let last = ''
  for (let at = 1; at < bytes.length; at += ENTRY_BYTES) {
    const actor = idAt(bytes, at)
    const count = view.getBigUint64(at + ACTOR_BYTES)
    refuseUnless(actor > last, 'its actors are not in order')
    refuseUnless(count >= 1n && count <= BigInt(Number.MAX_SAFE_INTEGER), 'it has a count outside 1 to 2^53 - 1')
    clock.set(actor, Number(count))
    last = actor
  }
  return clock
}

function idAt(bytes: Uint8Array, at: number): Id {
  let hex = ''
  for (const byte of bytes.subarray(at, at + ACTOR_BYTES)) hex += byte.toString(16).padStart(2, '0')
  return asId(hex)
}

function refuseUnless(condition: boolean, reason: string): asserts condition {
  if (!condition) throw new HoldfastError('bad_request', `not a vector clock: ${reason}`)
}
