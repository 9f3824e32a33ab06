import { HoldfastError } from '@holdfast/core/wire/errors.ts'
import type { Id } from '@holdfast/core/wire/ids.ts'
import { byKeys, inserting } from '../batches.ts'
import { bytesIn, bytesOf, hexOf } from '../cells.ts'
import { recordChange } from '../changes.ts'
import { endOfPrefix, PATH_BYTES_MAX, pathOf, textBytes } from '../path-range.ts'
import type { Change } from '../rows.ts'
import { query, type Row, type Steps, type Transaction } from '../transaction.ts'

export interface MoveFolderArgs {
  readonly bucket: Id
  readonly fromPrefix: string
  readonly toPrefix: string
  /** What one transaction moves at most; above it, nothing. */
  readonly limit: number
  readonly change: Change
}

const insertFiles = inserting(
  'INSERT INTO files (bucket_id, path, file_id, version_id, size, sha256, content_type, modified_at)',
)
const findPaths = byKeys('SELECT path FROM files WHERE bucket_id = ? AND path IN')

/**
 * Gives every path below `fromPrefix` the beginning `toPrefix`, in one transaction. One range is deleted and written anew, so that a
 * folder may also move into itself or out of itself.
 * @throws file_not_found (no path begins so), limit_exceeded (more files than `limit`, or a path that gets too long), conflict (a target exists)
 */
export const moveFolder: Transaction<MoveFolderArgs, { moved: number }> = {
  name: 'moveFolder',
  *run({ bucket, fromPrefix, toPrefix, limit, change }) {
    const from = textBytes(fromPrefix)
    const to = textBytes(toPrefix)
    const range = [bytesOf(bucket), from, endOfPrefix(from)]
    const rows = yield* query(
      'SELECT * FROM files WHERE bucket_id = ? AND path >= ? AND path < ? ORDER BY path LIMIT ?',
      ...range,
      limit + 1,
    )
    if (rows.length > limit)
      throw new HoldfastError('limit_exceeded', `a folder of more than ${limit} files is not moved at once`)
    if (rows.length === 0)
      throw new HoldfastError('file_not_found', `there is no folder ${fromPrefix}: no path begins with it`)
    if (fromPrefix === toPrefix) return { moved: rows.length }
    const targets = rows.map((row) => Buffer.concat([to, bytesIn(row, 'path').subarray(from.length)]))
    if (targets.some((target) => target.length === 0 || target.length > PATH_BYTES_MAX)) {
      throw new HoldfastError('limit_exceeded', `a path has 1 to ${PATH_BYTES_MAX} bytes, and one would not`)
    }
    yield* refuseTaken(bucket, targets, rows)
    yield* query('DELETE FROM files WHERE bucket_id = ? AND path >= ? AND path < ?', ...range)
    yield* insertFiles(
      rows.map((row, index) => [
        bytesOf(bucket),
        targets[index] ?? null,
        bytesIn(row, 'file_id'),
        bytesIn(row, 'version_id'),
        row['size'] ?? null,
        bytesIn(row, 'sha256'),
        row['content_type'] ?? null,
        row['modified_at'] ?? null,
      ]),
    )
    const data = { from: fromPrefix, to: toPrefix, moved: rows.length }
    yield* recordChange(change, { type: 'file.moved', bucket, subject: bucket, data })
    return { moved: rows.length }
  },
}

function* refuseTaken(bucket: Id, targets: readonly Uint8Array[], moving: readonly Row[]): Steps<void> {
  const leaving = new Set(moving.map((row) => hexOf(bytesIn(row, 'path'))))
  const taken = yield* findPaths([bytesOf(bucket)], targets)
  const [first] = taken.map((row) => bytesIn(row, 'path')).filter((path) => !leaving.has(hexOf(path)))
  if (first !== undefined) throw new HoldfastError('conflict', `a file is at ${pathOf(first)}; a folder replaces none`)
}
