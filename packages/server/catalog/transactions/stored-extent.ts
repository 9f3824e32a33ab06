import { query, type Transaction } from '../transaction.ts'

export interface StoredExtent {
  readonly isEmpty: boolean
  /** Some stripe lacks a shard that was written or expected. */
  readonly isIncomplete: boolean
}

/** The little that can be said of all stripes without looking at each. */
export const storedExtent: Transaction<Record<never, never>, StoredExtent> = {
  name: 'storedExtent',
  *run() {
    const some = yield* query('SELECT 1 AS one FROM stripes LIMIT 1')
    const incomplete = yield* query('SELECT 1 AS one FROM stripes WHERE not_durable > 0 LIMIT 1')
    return { isEmpty: some.length === 0, isIncomplete: incomplete.length > 0 }
  },
}
