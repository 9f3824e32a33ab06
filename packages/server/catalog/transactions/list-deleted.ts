import type { Id } from '@holdfast/core/wire/ids.ts'
import { bytesOf, numberIn } from '../cells.ts'
import { endOfPrefix, textBytes } from '../path-range.ts'
import { CONTENT, fileRow } from '../row-readers.ts'
import type { FileRow } from '../rows.ts'
import { query, type Transaction } from '../transaction.ts'

export interface ListDeletedArgs {
  readonly bucket: Id
  readonly prefix: string
  /** The last one of the page before. */
  readonly after?: { readonly path: string; readonly file: Id }
  readonly limit: number
}

/** As it was in its last version with contents, which is the one to restore. */
export interface DeletedRow extends FileRow {
  readonly deletedAt: number
}

/** Deleted files in order of their paths, and of their ids where one path has had several. */
export const listDeleted: Transaction<ListDeletedArgs, { items: readonly DeletedRow[]; more: boolean }> = {
  name: 'listDeleted',
  *run({ bucket, prefix, after, limit }) {
    const from = textBytes(prefix)
    const afterPath = textBytes(after?.path ?? '')
    const rows = yield* query(
      `SELECT d.file_id, d.bucket_id, d.path, d.deleted_at, v.version_id, v.size, v.sha256, v.content_type, v.modified_at
       FROM deleted_files d JOIN versions v ON v.file_id = d.file_id AND v.version_id =
         (SELECT w.version_id FROM versions w WHERE w.file_id = d.file_id AND w.kind = ? ORDER BY w.version_id DESC LIMIT 1)
       WHERE d.bucket_id = ? AND d.path >= ? AND d.path < ? AND (d.path > ? OR d.file_id > ?)
       ORDER BY d.path, d.file_id LIMIT ?`,
      CONTENT,
      bytesOf(bucket),
      Buffer.compare(afterPath, from) > 0 ? afterPath : from,
      endOfPrefix(from),
      afterPath,
      bytesOf(after?.file ?? ''),
      limit + 1,
    )
    const items = rows.slice(0, limit).map((row) => ({ ...fileRow(row), deletedAt: numberIn(row, 'deleted_at') }))
    return { items, more: rows.length > limit }
  },
}
