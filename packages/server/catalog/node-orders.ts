/** Deletes and purges that a node has not confirmed yet, as rows that outlive the process that ordered them. */
import { assert } from '@holdfast/core/wire/assert.ts'
import type { StripeId } from '@holdfast/core/wire/ids.ts'
import { numberIn, stripeIdIn } from './cells.ts'
import type { Row } from './transaction.ts'

const DELETE = 1
export const PURGE = 2

export interface NodeOrder {
  readonly stripe: StripeId
  readonly index: number
  readonly sequence: number
  readonly deed: 'delete' | 'purge'
}

export function nodeOrder(row: Row): NodeOrder {
  const deed = numberIn(row, 'deed')
  assert(deed === DELETE || deed === PURGE, `no order has the deed ${deed}`)
  return {
    stripe: stripeIdIn(row, 'stripe_id'),
    index: numberIn(row, 'shard'),
    sequence: numberIn(row, 'sequence'),
    deed: deed === DELETE ? 'delete' : 'purge',
  }
}
