/**
 * A random sample of a fixed number of different items, in which each is drawn in exact proportion to its weight as far
 * as an item can be drawn only once.
 *
 * Drawing one after another by weight does not give that: what has been drawn cannot be drawn again, so heavy items fall
 * short. Instead each item first gets its *share*, the chance to be in the sample. The shares sum to the number of
 * draws; laid end to end in random order they fill a line of that length, and the items under a comb with teeth one
 * apart, at a random offset, are the sample.
 *
 *     shares  |--a--|----b----|-c-|------d------|--e--|      three draws, a line of length 3
 *     teeth      ^               ^              ^            a, c, d
 *
 * No share is longer than 1, so no item lies under two teeth.
 */
import { assert } from '../wire/assert.ts'

/** Halvings of an interval of doubles after which nothing is left that a share could show. */
const HALVINGS = 60

export interface Drawable {
  /** Above 0. */
  readonly weight: number
  /** What the item has from earlier draws; its weight claims for them and this one together. */
  readonly already: number
}

/** Positions of `draws` different items, in no order that may be relied on. */
export function weightedSample(random: () => number, items: readonly Drawable[], draws: number): number[] {
  assert(draws <= items.length, 'a sample is no larger than what it is drawn from')
  if (draws === items.length) return [...items.keys()]
  const shareOf = fairShares(items, draws)
  const under: number[] = []
  const between: number[] = []
  let tooth = random()
  let end = 0
  for (const position of shuffled(random, items.keys())) {
    end += shareOf(items[position])
    if (end > tooth) {
      under.push(position)
      tooth += 1
    } else {
      between.push(position)
    }
  }
  // A sum of doubles may miss the last tooth by a hair, on either side.
  return [...under, ...between].slice(0, draws)
}

/** Chances that sum to `draws`, such that `already` and chance together follow the weights as nearly as chances can. */
function fairShares(items: readonly Drawable[], draws: number): (item: Drawable | undefined) => number {
  const shareAt = (perWeight: number, item: Drawable | undefined): number =>
    item === undefined ? 0 : Math.min(1, Math.max(0, perWeight * item.weight - item.already))
  let low = 0
  let high = items.reduce((most, { weight, already }) => Math.max(most, (1 + already) / weight), 0)
  for (let i = 0; i < HALVINGS; i++) {
    const middle = (low + high) / 2
    if (items.reduce((sum, item) => sum + shareAt(middle, item), 0) < draws) low = middle
    else high = middle
  }
  return (item) => shareAt(high, item)
}

/** The items in an order of which each is equally likely. */
export function shuffled(random: () => number, items: Iterable<number>): number[] {
  const order: number[] = []
  for (const item of items) order.splice(Math.floor(random() * (order.length + 1)), 0, item)
  return order
}
