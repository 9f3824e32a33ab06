/**
 * Ids and hashes are lower-case hex strings in memory and on the wire, raw bytes where they are stored. The brands keep
 * one kind from being passed for another; they cost nothing at run time.
 */
import { assert } from './assert.ts'

declare const brand: unique symbol
type Brand<Name extends string> = string & { readonly [brand]: Name }

/** 16 bytes that grow with time; see `docs/formats.md`. */
export type Id = Brand<'id'>
/** The session's first 14 bytes and a number from 1 to 1,000. */
export type StripeId = Brand<'stripe'>
/** 32 bytes: the keyed hash of a chunk's plain bytes. */
export type ChunkId = Brand<'chunk'>
/** 32 bytes of SHA-256. */
export type Sha256 = Brand<'sha256'>

export const STRIPES_PER_SESSION_MAX = 1000

const HEX_ID = /^[0-9a-f]{32}$/
const HEX_HASH = /^[0-9a-f]{64}$/

export function isId(text: string): text is Id {
  return HEX_ID.test(text)
}

export function asId(text: string): Id {
  assert(HEX_ID.test(text), `not an id: ${text}`)
  return text as Id
}

export function asStripeId(text: string): StripeId {
  assert(HEX_ID.test(text), `not a stripe id: ${text}`)
  return text as StripeId
}

export function asChunkId(text: string): ChunkId {
  assert(HEX_HASH.test(text), `not a chunk id: ${text}`)
  return text as ChunkId
}

export function asSha256(text: string): Sha256 {
  assert(HEX_HASH.test(text), `not a SHA-256: ${text}`)
  return text as Sha256
}

/** The id that the session `session` gives to its stripe number `number`. */
export function stripeIdOf(session: Id, number: number): StripeId {
  assert(number >= 1 && number <= STRIPES_PER_SESSION_MAX, `a session has stripes 1 to ${STRIPES_PER_SESSION_MAX}`)
  return asStripeId(session.slice(0, 28) + number.toString(16).padStart(4, '0'))
}

export function sessionOf(stripe: StripeId): Id {
  return asId(`${stripe.slice(0, 28)}0000`)
}

/** No id that is made at this time or later comes before it. */
export function firstIdOf(nowMs: number): Id {
  return asId(nowMs.toString(16).padStart(12, '0').padEnd(32, '0'))
}

/** Makes ids that only grow, from a clock and a source of random bytes, both handed in. */
export class IdMaker {
  readonly #now: () => number
  readonly #randomBytes: (length: number) => Uint8Array
  #lastMs = 0
  #tail = 0n

  constructor(now: () => number, randomBytes: (length: number) => Uint8Array) {
    this.#now = now
    this.#randomBytes = randomBytes
  }

  next(): Id {
    const nowMs = this.#now()
    if (nowMs > this.#lastMs) {
      this.#lastMs = nowMs
      this.#tail = this.#randomTail()
    } else {
      // The clock stood still or went back: the last id's successor still grows. 72 random bits leave room for 2^79 steps.
      this.#tail += 1n + (this.#randomTail() >> 48n)
    }
    return asId(this.#lastMs.toString(16).padStart(12, '0') + this.#tail.toString(16).padStart(20, '0'))
  }

  nextSession(): Id {
    // Two zero bytes at the end hold the stripe's number; one step of the rest keeps it growing.
    const id = this.next()
    this.#tail = ((this.#tail >> 16n) + 1n) << 16n
    return asId(`${id.slice(0, 28)}0000`)
  }

  #randomTail(): bigint {
    const bytes = this.#randomBytes(9)
    let tail = 0n
    for (const byte of bytes) tail = (tail << 8n) | BigInt(byte)
    return tail
  }
}
