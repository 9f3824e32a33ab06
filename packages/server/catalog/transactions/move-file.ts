import { HoldfastError } from '@holdfast/core/wire/errors.ts'
import type { Id } from '@holdfast/core/wire/ids.ts'
import type { Preconditions } from '@holdfast/core/wire/preconditions.ts'
import { bytesOf } from '../cells.ts'
import { recordChange } from '../changes.ts'
import { currentAt, fileNotFound } from '../file-state.ts'
import { markDeleted } from '../files.ts'
import { pathBytes } from '../path-range.ts'
import { FILE_COLUMNS, fileRow } from '../row-readers.ts'
import type { Authorship, Change, FileRow } from '../rows.ts'
import { query, type Transaction } from '../transaction.ts'
import { laterVersion } from '../versions.ts'

export interface MoveFileArgs extends Authorship {
  readonly bucket: Id
  readonly from: string
  readonly to: string
  readonly overwrite: boolean
  /** Of the file that moves. */
  readonly preconditions: Preconditions
  readonly change: Change
}

/**
 * The file keeps its id and its history; no byte is copied. What it overwrites gets a deletion marker, which has the change's id,
 * because it is that change.
 * @throws precondition_failed, bucket_not_found, file_not_found, conflict (the target exists), limit_exceeded (of the vector clock)
 */
export const moveFile: Transaction<MoveFileArgs, FileRow> = {
  name: 'moveFile',
  *run({ bucket, from, to, overwrite, preconditions, change, author = null, actorClock = bucket }) {
    const path = pathBytes(to)
    const moved = yield* currentAt(bucket, pathBytes(from), { preconditions })
    if (moved === undefined) throw fileNotFound()
    if (from !== to) {
      const current = yield* currentAt(bucket, path, {})
      if (current !== undefined) {
        if (!overwrite) throw new HoldfastError('conflict', `a file is at ${to}; overwrite: true replaces it`)
        const marker = laterVersion(change.changeId, current.version)
        yield* markDeleted({ bucket, path, current, marker, author, actorClock, change })
      }
      yield* query('UPDATE files SET path = ? WHERE bucket_id = ? AND path = ?', path, bytesOf(bucket), pathBytes(from))
      yield* recordChange(change, { type: 'file.moved', bucket, subject: moved.file, data: { from, to } })
    }
    const [row] = yield* query(
      `SELECT ${FILE_COLUMNS} FROM files f WHERE f.bucket_id = ? AND f.path = ?`,
      bytesOf(bucket),
      path,
    )
    if (row === undefined) throw fileNotFound()
    return fileRow(row)
  },
}
