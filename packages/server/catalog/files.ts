/** The row that says where a file is: in `files` while it is there, in `deleted_files` while a deletion marker is its last version. */
import type { Id } from '@holdfast/core/wire/ids.ts'
import { bytesOf } from './cells.ts'
import type { Latest } from './file-state.ts'
import { pathBytes } from './path-range.ts'
import type { Change, FileRow } from './rows.ts'
import { query, type Steps } from './transaction.ts'
import { insertVersion, nextClock } from './versions.ts'

/** Writes the row of a file whose new version is `row`; `current` is what the path holds, `deleted` the file that comes back. */
export function* putFile(
  row: FileRow,
  { current, deleted }: { current: Latest | undefined; deleted: Latest | undefined },
): Steps<void> {
  const version = [bytesOf(row.version), row.size, bytesOf(row.sha256), row.contentType, row.modifiedAt]
  const key = [bytesOf(row.bucket), pathBytes(row.path)]
  if (current !== undefined) {
    yield* query(
      `UPDATE files SET version_id = ?, size = ?, sha256 = ?, content_type = ?, modified_at = ?
       WHERE bucket_id = ? AND path = ?`,
      ...version,
      ...key,
    )
    return
  }
  yield* query(
    `INSERT INTO files (bucket_id, path, file_id, version_id, size, sha256, content_type, modified_at)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
    ...key,
    bytesOf(row.file),
    ...version,
  )
  if (deleted !== undefined) yield* query('DELETE FROM deleted_files WHERE file_id = ?', bytesOf(deleted.file))
}

/** Where a deletion marker goes, and who makes it. */
export interface Deletion {
  readonly bucket: Id
  readonly path: Uint8Array
  readonly current: Latest
  /** Later than the current version. */
  readonly marker: Id
  readonly author: Id | null
  readonly actorClock: Id
  readonly change: Change
}

export function* markDeleted({ bucket, path, current, marker, author, actorClock, change }: Deletion): Steps<void> {
  yield* insertVersion({
    file: current.file,
    version: marker,
    kind: 'deleted',
    size: 0,
    sha256: null,
    contentType: null,
    strategy: null,
    modifiedAt: change.atMs,
    createdAt: change.atMs,
    author,
    clock: nextClock(current.clock, actorClock),
    chunk: null,
    pages: null,
  })
  yield* query('DELETE FROM files WHERE bucket_id = ? AND path = ?', bytesOf(bucket), path)
  yield* query(
    'INSERT INTO deleted_files (bucket_id, path, file_id, version_id, deleted_at) VALUES (?, ?, ?, ?, ?)',
    bytesOf(bucket),
    path,
    bytesOf(current.file),
    bytesOf(marker),
    change.atMs,
  )
}
