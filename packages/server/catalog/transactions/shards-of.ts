import type { StripeId } from '@holdfast/core/wire/ids.ts'
import { byKeys } from '../batches.ts'
import { bytesIn, bytesOf, stripeIdIn } from '../cells.ts'
import { unpackShards } from '../packed-shards.ts'
import type { Transaction } from '../transaction.ts'

const selectStripes = byKeys('SELECT stripe_id, shards FROM stripes WHERE stripe_id IN')

/** Where these stripes have their shards, or expect them; of stripes that the catalog does not know, nothing. */
export const shardsOf: Transaction<
  { readonly stripes: readonly StripeId[] },
  { stripe: StripeId; index: number; node: number }[]
> = {
  name: 'shardsOf',
  *run({ stripes }) {
    const rows = yield* selectStripes([], stripes.map(bytesOf))
    return rows.flatMap((row) => {
      const stripe = stripeIdIn(row, 'stripe_id')
      return unpackShards(bytesIn(row, 'shards')).map(({ index, node }) => ({ stripe, index, node }))
    })
  },
}
