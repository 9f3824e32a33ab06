/**
 * A vector clock tells which of two states of a file came first without trusting anybody's time: it counts, for each
 * *actor* (a device or a gateway), the changes by that actor which the state contains. A state came *before* another if
 * the other contains every change that it contains, and more; if each contains a change that the other lacks, they are
 * *concurrent*, and that is a conflict for people to see.
 *
 *     laptop 2, phone 1   before       laptop 2, phone 3
 *     laptop 2, phone 1   concurrent   laptop 1, phone 2
 *
 * An actor that is not named counts zero. A clock names at most `CLOCK_ACTORS_MAX` actors. What would grow past that is
 * refused, never pruned: to forget an actor is to forget its changes, and then a state that lacks one of them looks as
 * if it contained it, and a conflict is overwritten in silence.
 *
 * Clocks are values: nothing here changes its arguments.
 */
import { HoldfastError } from '../wire/errors.ts'
import type { Id } from '../wire/ids.ts'

export const CLOCK_ACTORS_MAX = 64

/** Changes counted by actor; every count is a whole number from 1 to `Number.MAX_SAFE_INTEGER`. */
export type VectorClock = ReadonlyMap<Id, number>

export type ClockOrder = 'before' | 'after' | 'concurrent' | 'equal'

/**
 * The clock of the state that `actor` makes from the state of `clock`.
 * @throws {HoldfastError} `limit_exceeded` where the clock has no room for another actor or the count no successor.
 */
export function increment(clock: VectorClock, actor: Id): VectorClock {
  const count = clock.get(actor) ?? 0
  if (count >= Number.MAX_SAFE_INTEGER) {
    throw new HoldfastError('limit_exceeded', `actor ${actor} has made as many changes as a clock can count`)
  }
  return bounded(new Map(clock).set(actor, count + 1))
}

/**
 * The least clock that contains every change of both.
 * @throws {HoldfastError} `limit_exceeded` where the two name too many actors together.
 */
export function merge(a: VectorClock, b: VectorClock): VectorClock {
  const merged = new Map(a)
  for (const [actor, count] of b) {
    if (count > (merged.get(actor) ?? 0)) merged.set(actor, count)
  }
  return bounded(merged)
}

/** How `a` stands to `b`: `before` means that `b` contains every change of `a`, and more. */
export function compare(a: VectorClock, b: VectorClock): ClockOrder {
  const aLacks = lacks(a, b)
  const bLacks = lacks(b, a)
  if (aLacks) return bLacks ? 'concurrent' : 'before'
  return bLacks ? 'after' : 'equal'
}

function lacks(clock: VectorClock, other: VectorClock): boolean {
  for (const [actor, count] of other) {
    if (count > (clock.get(actor) ?? 0)) return true
  }
  return false
}

function bounded(clock: VectorClock): VectorClock {
  if (clock.size > CLOCK_ACTORS_MAX) {
    throw new HoldfastError('limit_exceeded', `a clock names at most ${CLOCK_ACTORS_MAX} actors`, {
      details: { limit: CLOCK_ACTORS_MAX, actual: clock.size },
    })
  }
  return clock
}
