import type { Id } from '@holdfast/core/wire/ids.ts'
import { bytesOf, textIn } from '../cells.ts'
import { pathBytes } from '../path-range.ts'
import { CONTENT, FILE_COLUMNS, fileRow } from '../row-readers.ts'
import type { FileRow } from '../rows.ts'
import { query, type Row, type Steps, type Transaction } from '../transaction.ts'

export const getFile: Transaction<{ readonly bucket: Id; readonly path: string }, FileRow | null> = {
  name: 'getFile',
  *run({ bucket, path }) {
    const [row] = yield* query(
      `SELECT ${FILE_COLUMNS} FROM files f WHERE f.bucket_id = ? AND f.path = ?`,
      bytesOf(bucket),
      pathBytes(path),
    )
    return row === undefined ? null : fileRow(row)
  },
}

/** A deleted file is described as it last was; its `version` is the deletion marker. */
export const getFileById: Transaction<{ readonly file: Id }, (FileRow & { readonly deleted: boolean }) | null> = {
  name: 'getFileById',
  *run({ file }) {
    const [there] = yield* query(`SELECT ${FILE_COLUMNS} FROM files f WHERE f.file_id = ?`, bytesOf(file))
    const row = there ?? (yield* deletedFile(file))
    if (row === undefined) return null
    const tags = yield* query('SELECT key, value FROM file_tags WHERE file_id = ? ORDER BY key', bytesOf(file))
    return {
      ...fileRow(row),
      tags: Object.fromEntries(tags.map((tag) => [textIn(tag, 'key'), textIn(tag, 'value')])),
      deleted: there === undefined,
    }
  },
}

function* deletedFile(file: Id): Steps<Row | undefined> {
  const [row] = yield* query(
    `SELECT d.file_id, d.bucket_id, d.path, d.version_id, v.size, v.sha256, v.content_type, v.modified_at
     FROM deleted_files d JOIN versions v ON v.file_id = d.file_id
     WHERE d.file_id = ? AND v.kind = ? ORDER BY v.version_id DESC LIMIT 1`,
    bytesOf(file),
    CONTENT,
  )
  return row
}
