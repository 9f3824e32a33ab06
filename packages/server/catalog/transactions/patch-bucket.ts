import { HoldfastError } from '@holdfast/core/wire/errors.ts'
import { bucketNamed, bucketNotFound } from '../buckets.ts'
import { bytesOf } from '../cells.ts'
import { recordChange } from '../changes.ts'
import type { BucketRow, Change } from '../rows.ts'
import { query, type Transaction } from '../transaction.ts'

export interface PatchBucketArgs {
  readonly name: string
  readonly policy: string
  /** As the policy says. */
  readonly writeQuorum: number
  /** The version of the policy that the caller has seen. */
  readonly ifVersion?: number
  readonly change: Change
}

/** @throws bucket_not_found, precondition_failed */
export const patchBucket: Transaction<PatchBucketArgs, BucketRow> = {
  name: 'patchBucket',
  *run({ name, policy, writeQuorum, ifVersion, change }) {
    const row = yield* bucketNamed(name)
    if (row === null) throw bucketNotFound()
    if (ifVersion !== undefined && ifVersion !== row.policyVersion) {
      throw new HoldfastError('precondition_failed', `the policy is at version ${row.policyVersion}`)
    }
    const policyVersion = row.policyVersion + 1
    yield* query(
      'UPDATE buckets SET policy = ?, policy_version = ?, write_quorum = ? WHERE bucket_id = ?',
      policy,
      policyVersion,
      writeQuorum,
      bytesOf(row.bucket),
    )
    const data = { name, policyVersion }
    yield* recordChange(change, { type: 'bucket.changed', bucket: row.bucket, subject: row.bucket, data })
    return { ...row, policy, policyVersion }
  },
}
