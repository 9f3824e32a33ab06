import type { Sha256, StripeId } from '@holdfast/core/wire/ids.ts'
import { bytesIn, bytesOf, stripeIdIn } from '../cells.ts'
import { unpackShards } from '../packed-shards.ts'
import { query, type Transaction } from '../transaction.ts'

export interface DurableOnArgs {
  readonly node: number
  readonly after: StripeId
  /** Stripes that one call looks at. */
  readonly limit: number
}

export interface DurableShard {
  readonly stripe: StripeId
  readonly index: number
  readonly sha256: Sha256
}

/** What a node has acknowledged, in order of the stripes; `next` is null behind the last stripe. */
export const durableOn: Transaction<DurableOnArgs, { shards: DurableShard[]; next: StripeId | null }> = {
  name: 'durableOn',
  *run({ node, after, limit }) {
    const rows = yield* query(
      'SELECT stripe_id, shards FROM stripes WHERE stripe_id > ? ORDER BY stripe_id LIMIT ?',
      bytesOf(after),
      limit,
    )
    const shards = rows.flatMap((row) => {
      const stripe = stripeIdIn(row, 'stripe_id')
      const here = unpackShards(bytesIn(row, 'shards')).filter((each) => each.node === node && each.state === 'durable')
      return here.map(({ index, sha256 }) => ({ stripe, index, sha256 }))
    })
    const last = rows.at(-1)
    return { shards, next: last === undefined || rows.length < limit ? null : stripeIdIn(last, 'stripe_id') }
  },
}
