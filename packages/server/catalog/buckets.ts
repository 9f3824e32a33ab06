/** Reading buckets, each with the keys of all its epochs. */
import { HoldfastError } from '@holdfast/core/wire/errors.ts'
import { byKeys } from './batches.ts'
import { bytesIn, hexOf, idIn, numberIn, textIn } from './cells.ts'
import type { BucketRow } from './rows.ts'
import { query, type Row, type Steps } from './transaction.ts'

/** A bucket's kind; 2 is sealed. */
export const PLAIN = 1

export function* bucketNamed(name: string): Steps<BucketRow | null> {
  const [bucket] = yield* withKeys(yield* query('SELECT * FROM buckets WHERE name = ?', name))
  return bucket ?? null
}

const findKeys = byKeys(
  'SELECT bucket_id, epoch, wrapped_key FROM bucket_keys WHERE bucket_id IN',
  'ORDER BY bucket_id, epoch',
)

/** Adds the keys to rows of `buckets`. */
export function* withKeys(rows: readonly Row[]): Steps<BucketRow[]> {
  const keys = yield* findKeys(
    [],
    rows.map((row) => bytesIn(row, 'bucket_id')),
  )
  const byBucket = Map.groupBy(keys, (key) => hexOf(bytesIn(key, 'bucket_id')))
  return rows.map((row) => ({
    bucket: idIn(row, 'bucket_id'),
    name: textIn(row, 'name'),
    kind: numberIn(row, 'kind') === PLAIN ? 'plain' : 'sealed',
    policy: textIn(row, 'policy'),
    policyVersion: numberIn(row, 'policy_version'),
    wrappedIdKey: bytesIn(row, 'wrapped_id_key'),
    keys: (byBucket.get(hexOf(bytesIn(row, 'bucket_id'))) ?? []).map((key) => ({
      epoch: numberIn(key, 'epoch'),
      wrappedKey: bytesIn(key, 'wrapped_key'),
    })),
    createdAt: numberIn(row, 'created_at'),
  }))
}

export function bucketNotFound(): HoldfastError {
  return new HoldfastError('bucket_not_found', 'there is no such bucket')
}
