import { stripeIdIn } from '../cells.ts'
import { walkCandidates } from '../collection-walk.ts'
import { aliveSessions } from '../sessions.ts'
import type { Transaction } from '../transaction.ts'
import type { CollectionPosition } from './condemn.ts'

/** Rows that one call counts at most. */
const COUNTED_MAX = 5000

export interface CollectableArgs {
  /** `next` of the call before; null begins a pass. */
  readonly after: CollectionPosition | null
}

export interface Collectable {
  readonly chunks: number
  readonly pages: number
  readonly stripes: number
}

/** Counts what `condemn` has marked or would mark, and marks nothing. */
export const collectable: Transaction<CollectableArgs, Collectable & { next: CollectionPosition | null }> = {
  name: 'collectable',
  *run({ after }) {
    const isAlive = yield* aliveSessions()
    const { chosen, next } = yield* walkCandidates({
      after,
      limit: COUNTED_MAX,
      weights: { pages: 1, chunks: 1, stripes: 1 },
      choose: (row, table) => row['condemned'] !== null || table === 'pages' || !isAlive(stripeIdIn(row, 'stripe_id')),
    })
    return { chunks: chosen.chunks.length, pages: chosen.pages.length, stripes: chosen.stripes.length, next }
  },
}
