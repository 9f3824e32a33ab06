/**
 * What a change of a file must know before it begins: whether the bucket is there, what lies at the path, and whether that is
 * what its caller expects.
 */
import { HoldfastError } from '@holdfast/core/wire/errors.ts'
import type { Id } from '@holdfast/core/wire/ids.ts'
import { names, type Preconditions } from '@holdfast/core/wire/preconditions.ts'
import { marks, onceEach } from './batches.ts'
import { bytesIn, bytesOf, idIn, numberIn } from './cells.ts'
import { sessionEnded } from './sessions.ts'
import { query, type Steps } from './transaction.ts'

/** The newest version of a file that is there, or that was deleted. */
export interface Latest {
  readonly file: Id
  readonly version: Id
  readonly clock: Uint8Array
}

const findCurrent = onceEach((sessions) => {
  const alive = `(SELECT count(*) FROM sessions WHERE session_id IN (${marks(sessions)}) AND ended = 0)`
  return `SELECT ${sessions === 0 ? '0' : alive} AS alive, b.bucket_id, f.file_id, f.version_id, v.clock
    FROM (SELECT 1 AS one) AS always
    LEFT JOIN buckets b ON b.bucket_id = ?
    LEFT JOIN files f ON f.bucket_id = b.bucket_id AND f.path = ?
    LEFT JOIN versions v ON v.file_id = f.file_id AND v.version_id = f.version_id`
})

/**
 * The current version at a path, looked up together with what else a commit asks first. The order of the refusals is fixed.
 * @throws session_ended, precondition_failed, bucket_not_found
 */
export function* currentAt(
  bucket: Id,
  path: Uint8Array,
  { sessions = [], preconditions }: { sessions?: readonly Id[]; preconditions?: Preconditions },
): Steps<Latest | undefined> {
  const distinct = [...new Set(sessions)]
  const [row] = yield* query(findCurrent(distinct.length), ...distinct.map(bytesOf), bytesOf(bucket), path)
  if (row === undefined || numberIn(row, 'alive') !== distinct.length) throw sessionEnded()
  const current =
    row['file_id'] === null
      ? undefined
      : { file: idIn(row, 'file_id'), version: idIn(row, 'version_id'), clock: bytesIn(row, 'clock') }
  checkPreconditions(current?.version, preconditions ?? {})
  if (row['bucket_id'] === null) throw new HoldfastError('bucket_not_found', 'there is no such bucket')
  return current
}

/** The file that was deleted last at a path. */
export function* deletedAt(bucket: Id, path: Uint8Array): Steps<Latest | undefined> {
  const [row] = yield* query(
    `SELECT d.file_id, d.version_id, v.clock FROM deleted_files d
     JOIN versions v ON v.file_id = d.file_id AND v.version_id = d.version_id
     WHERE d.bucket_id = ? AND d.path = ? ORDER BY d.version_id DESC LIMIT 1`,
    bytesOf(bucket),
    path,
  )
  if (row === undefined) return undefined
  return { file: idIn(row, 'file_id'), version: idIn(row, 'version_id'), clock: bytesIn(row, 'clock') }
}

/** @throws precondition_failed */
export function checkPreconditions(current: Id | undefined, { ifMatch, ifNoneMatch }: Preconditions): void {
  if (ifMatch !== undefined && !names(ifMatch, current)) {
    throw new HoldfastError('precondition_failed', 'the file is not in a version that If-Match names')
  }
  if (ifNoneMatch !== undefined && names(ifNoneMatch, current)) {
    throw new HoldfastError('precondition_failed', 'the file is in a version that If-None-Match names')
  }
}

export function fileNotFound(): HoldfastError {
  return new HoldfastError('file_not_found', 'there is no such file')
}
