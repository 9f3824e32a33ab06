import { HoldfastError } from '@holdfast/core/wire/errors.ts'
import type { Id } from '@holdfast/core/wire/ids.ts'
import { bucketNamed, bucketNotFound } from '../buckets.ts'
import { bytesOf, idIn } from '../cells.ts'
import { recordChange } from '../changes.ts'
import type { Change } from '../rows.ts'
import { query, type Steps, type Transaction } from '../transaction.ts'
import { dropVersions } from '../versions.ts'

/** Versions that one call drops, so that other commits are not held up for long. */
const VERSIONS_PER_CALL = 500

export interface DeleteBucketArgs {
  readonly name: string
  /** Also where files are in it. Their versions go for good, not to a trash. */
  readonly force: boolean
  readonly change: Change
}

/**
 * Empties the bucket by repeated calls, then deletes it: `done` says which. What its files referred to goes the way of all
 * unreferenced chunks; its keys go at once, so that nothing of it can be read meanwhile.
 * @throws bucket_not_found, bucket_not_empty
 */
export const deleteBucket: Transaction<DeleteBucketArgs, { done: boolean }> = {
  name: 'deleteBucket',
  *run({ name, force, change }) {
    const row = yield* bucketNamed(name)
    if (row === null) throw bucketNotFound()
    const { bucket } = row
    if (!force && (yield* nextFile('files', bucket)) !== undefined) {
      throw new HoldfastError('bucket_not_empty', `files are in ${name}`)
    }
    let room = VERSIONS_PER_CALL
    for (const table of ['files', 'deleted_files'] as const) {
      for (let file = yield* nextFile(table, bucket); file !== undefined; file = yield* nextFile(table, bucket)) {
        const { dropped, isEmpty } = yield* dropSomeVersions(bucket, file, room)
        if (!isEmpty) return { done: false }
        room -= dropped
        yield* query('DELETE FROM file_tags WHERE file_id = ?', bytesOf(file))
        yield* query(`DELETE FROM ${table} WHERE file_id = ?`, bytesOf(file))
      }
    }
    yield* query('DELETE FROM bucket_keys WHERE bucket_id = ?', bytesOf(bucket))
    yield* query('DELETE FROM buckets WHERE bucket_id = ?', bytesOf(bucket))
    yield* recordChange(change, { type: 'bucket.deleted', bucket, subject: bucket, data: { name } })
    return { done: true }
  },
}

function* nextFile(table: 'files' | 'deleted_files', bucket: Id): Steps<Id | undefined> {
  const [row] = yield* query(`SELECT file_id FROM ${table} WHERE bucket_id = ? ORDER BY path LIMIT 1`, bytesOf(bucket))
  return row && idIn(row, 'file_id')
}

/** The oldest first, so that a file that is only half dropped still has its current version. */
function* dropSomeVersions(bucket: Id, file: Id, limit: number): Steps<{ dropped: number; isEmpty: boolean }> {
  const rows = yield* query(
    'SELECT version_id, chunk_id, pages FROM versions WHERE file_id = ? ORDER BY version_id LIMIT ?',
    bytesOf(file),
    limit + 1,
  )
  const dropped = rows.slice(0, limit)
  yield* dropVersions(bucket, file, dropped)
  return { dropped: dropped.length, isEmpty: rows.length <= limit }
}
