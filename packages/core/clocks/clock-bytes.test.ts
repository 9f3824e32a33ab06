import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { hasCode } from '../wire/errors.ts'
import { asId, type Id } from '../wire/ids.ts'
import { decodeClock, encodeClock } from './clock-bytes.ts'
import { CLOCK_ACTORS_MAX, compare, type VectorClock } from './vector-clock.ts'

const actors = fc.uint8Array({ minLength: 16, maxLength: 16 }).map((bytes) => asId(Buffer.from(bytes).toString('hex')))
const entries = fc.uniqueArray(
  fc.tuple(
    actors,
    fc.maxSafeNat().filter((count) => count > 0),
  ),
  {
    selector: ([actor]) => actor,
    maxLength: CLOCK_ACTORS_MAX,
  },
)

const [one, two] = [asId('01'.repeat(16)), asId('02'.repeat(16))]
const bytesOf = (...parts: (string | bigint)[]): Uint8Array =>
  Buffer.from(
    `01${parts.map((part) => (typeof part === 'string' ? part : part.toString(16).padStart(16, '0'))).join('')}`,
    'hex',
  )

describe('the bytes of a clock', () => {
  it('are these', () => {
    const clock: VectorClock = new Map([
      [two, 1],
      [one, Number.MAX_SAFE_INTEGER],
    ])
    assert.equal(
      Buffer.from(encodeClock(clock)).toString('hex'),
      `01${'01'.repeat(16)}001fffffffffffff${'02'.repeat(16)}0000000000000001`,
    )
    assert.deepEqual(encodeClock(new Map()), Uint8Array.of(1))
  })

  it('come back as the same clock', () => {
    fc.assert(
      fc.property(entries, (drawn) => {
        const clock = new Map(drawn)
        assert.equal(compare(decodeClock(encodeClock(clock)), clock), 'equal')
      }),
    )
  })

  it('do not depend on the order in which actors came', () => {
    fc.assert(
      fc.property(entries, (drawn) => {
        assert.deepEqual(encodeClock(new Map(drawn)), encodeClock(new Map(drawn.toReversed())))
      }),
    )
  })

  it('are read from the middle of a larger buffer', () => {
    const encoded = encodeClock(new Map([[one, 7]]))
    const framed = Uint8Array.of(9, 9, 9, ...encoded, 9)
    assert.deepEqual([...decodeClock(framed.subarray(3, 3 + encoded.length))], [[one, 7]])
  })

  it('are accepted in one form only', () => {
    const refused: [string, Uint8Array][] = [
      ['nothing', new Uint8Array(0)],
      ['a cut entry', bytesOf(one)],
      ['a byte too many', Uint8Array.of(...bytesOf(one, 1n), 0)],
      ['a count of zero', bytesOf(one, 0n)],
      ['a count above 2^53 - 1', bytesOf(one, 2n ** 53n)],
      ['an actor twice', bytesOf(one, 1n, one, 2n)],
      ['actors out of order', bytesOf(two, 1n, one, 1n)],
      ['an actor too many', new Uint8Array(1 + (CLOCK_ACTORS_MAX + 1) * 24).fill(1)],
    ]
    for (const [what, bytes] of refused) {
      assert.throws(
        () => decodeClock(bytes),
        (error) => hasCode(error, 'bad_request'),
        what,
      )
    }
    assert.equal(decodeClock(bytesOf(one, 1n, two, 1n)).size, 2)
  })

  it('of a newer format are refused, not guessed', () => {
    assert.throws(
      () => decodeClock(Uint8Array.of(2)),
      (error) => hasCode(error, 'format_unknown'),
    )
  })

  it('either fail to read or are written again as they were', () => {
    const near = fc.tuple(entries, fc.nat(), fc.integer({ min: 0, max: 255 })).map(([drawn, at, byte]) => {
      const bytes = encodeClock(new Map(drawn))
      bytes[at % bytes.length] = byte
      return bytes
    })
    let read = 0
    fc.assert(
      fc.property(near, (bytes) => {
        let clock: ReadonlyMap<Id, number>
        try {
          clock = decodeClock(bytes)
        } catch (error) {
          assert.ok(hasCode(error, 'bad_request', 'format_unknown'))
          return
        }
        read++
        assert.deepEqual(encodeClock(clock), bytes)
      }),
      { numRuns: 1000 },
    )
    assert.ok(read > 0)
  })

  it('are never made of a clock that is not one', () => {
    assert.throws(() => encodeClock(new Map([[one, 0]])), /whole changes/)
    assert.throws(() => encodeClock(new Map([[one, 0.5]])), /whole changes/)
  })
})
