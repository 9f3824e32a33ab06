import type { Id } from '@holdfast/core/wire/ids.ts'
import { bucketNamed } from '../buckets.ts'
import { bytesOf, textIn } from '../cells.ts'
import type { BucketRow } from '../rows.ts'
import { query, type Transaction } from '../transaction.ts'

export const getBucket: Transaction<{ readonly name: string }, BucketRow | null> = {
  name: 'getBucket',
  run: ({ name }) => bucketNamed(name),
}

/** By its id, for files that are asked for by theirs. */
export const getBucketById: Transaction<{ readonly bucket: Id }, BucketRow | null> = {
  name: 'getBucketById',
  *run({ bucket }) {
    const [row] = yield* query('SELECT name FROM buckets WHERE bucket_id = ?', bytesOf(bucket))
    return row === undefined ? null : yield* bucketNamed(textIn(row, 'name'))
  },
}
