import type { Id } from '@holdfast/core/wire/ids.ts'
import type { Preconditions } from '@holdfast/core/wire/preconditions.ts'
import { inserting } from '../batches.ts'
import { bytesOf, idIn } from '../cells.ts'
import { recordChange } from '../changes.ts'
import { checkPreconditions, fileNotFound } from '../file-state.ts'
import type { Change } from '../rows.ts'
import { query, type Transaction } from '../transaction.ts'

export interface SetTagsArgs {
  readonly file: Id
  /** All that the file has from now on. */
  readonly tags: Readonly<Record<string, string>>
  readonly preconditions: Preconditions
  readonly change: Change
}

const insertTags = inserting('INSERT INTO file_tags (file_id, key, value, bucket_id)')

/** @throws file_not_found, precondition_failed */
export const setTags: Transaction<SetTagsArgs, void> = {
  name: 'setTags',
  *run({ file, tags, preconditions, change }) {
    const [row] = yield* query('SELECT bucket_id, version_id FROM files WHERE file_id = ?', bytesOf(file))
    if (row === undefined) throw fileNotFound()
    checkPreconditions(idIn(row, 'version_id'), preconditions)
    const bucket = idIn(row, 'bucket_id')
    yield* query('DELETE FROM file_tags WHERE file_id = ?', bytesOf(file))
    yield* insertTags(Object.entries(tags).map(([key, value]) => [bytesOf(file), key, value, bytesOf(bucket)]))
    yield* recordChange(change, { type: 'file.changed', bucket, subject: file, data: { tags } })
  },
}
