import { HoldfastError } from '@holdfast/core/wire/errors.ts'
import type { Id } from '@holdfast/core/wire/ids.ts'
import { bucketNamed, PLAIN } from '../buckets.ts'
import { bytesOf } from '../cells.ts'
import { recordChange } from '../changes.ts'
import type { BucketRow, Change } from '../rows.ts'
import { query, type Transaction } from '../transaction.ts'

const FIRST_EPOCH = 1

export interface CreateBucketArgs {
  readonly bucket: Id
  readonly name: string
  /** Canonical JSON: two policies are the same if their text is. */
  readonly policy: string
  /** As the policy says. */
  readonly writeQuorum: number
  readonly wrappedIdKey: Uint8Array
  /** The data key of epoch 1. */
  readonly wrappedKey: Uint8Array
  readonly change: Change
}

/** @throws bucket_exists where the name is taken under another policy */
export const createBucket: Transaction<CreateBucketArgs, { row: BucketRow; created: boolean }> = {
  name: 'createBucket',
  *run({ bucket, name, policy, writeQuorum, wrappedIdKey, wrappedKey, change }) {
    const existing = yield* bucketNamed(name)
    if (existing !== null) {
      if (existing.policy === policy) return { row: existing, created: false }
      throw new HoldfastError(
        'bucket_exists',
        `a bucket ${name} with another policy is there; PATCH changes what it has`,
      )
    }
    yield* query(
      `INSERT INTO buckets (bucket_id, name, kind, owner_id, policy, policy_version, write_quorum, wrapped_id_key,
         created_at)
       VALUES (?, ?, ?, NULL, ?, 1, ?, ?, ?)`,
      bytesOf(bucket),
      name,
      PLAIN,
      policy,
      writeQuorum,
      wrappedIdKey,
      change.atMs,
    )
    yield* query(
      'INSERT INTO bucket_keys (bucket_id, epoch, wrapped_key, created_at) VALUES (?, ?, ?, ?)',
      bytesOf(bucket),
      FIRST_EPOCH,
      wrappedKey,
      change.atMs,
    )
    yield* recordChange(change, { type: 'bucket.created', bucket, subject: bucket, data: { name } })
    const keys = [{ epoch: FIRST_EPOCH, wrappedKey }]
    const row = {
      bucket,
      name,
      kind: 'plain',
      policy,
      policyVersion: 1,
      wrappedIdKey,
      keys,
      createdAt: change.atMs,
    } as const
    return { row, created: true }
  },
}
