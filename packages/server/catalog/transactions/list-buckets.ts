import { withKeys } from '../buckets.ts'
import type { BucketRow } from '../rows.ts'
import { query, type Transaction } from '../transaction.ts'

export interface ListBucketsArgs {
  /** The last name of the page before. */
  readonly after?: string
  readonly limit: number
}

export interface ListBucketsResult {
  readonly items: readonly BucketRow[]
  readonly more: boolean
}

/** In order of the names. */
export const listBuckets: Transaction<ListBucketsArgs, ListBucketsResult> = {
  name: 'listBuckets',
  *run({ after = '', limit }) {
    const rows = yield* query('SELECT * FROM buckets WHERE name > ? ORDER BY name LIMIT ?', after, limit + 1)
    return { items: yield* withKeys(rows.slice(0, limit)), more: rows.length > limit }
  },
}
