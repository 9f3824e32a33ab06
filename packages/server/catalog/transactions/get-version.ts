import type { Id } from '@holdfast/core/wire/ids.ts'
import { bytesOf } from '../cells.ts'
import { VERSION_COLUMNS, versionRow } from '../row-readers.ts'
import type { VersionRow } from '../rows.ts'
import { query, type Transaction } from '../transaction.ts'

export const getVersion: Transaction<{ readonly file: Id; readonly version: Id }, VersionRow | null> = {
  name: 'getVersion',
  *run({ file, version }) {
    const [row] = yield* query(
      `SELECT ${VERSION_COLUMNS} FROM versions v WHERE v.file_id = ? AND v.version_id = ?`,
      bytesOf(file),
      bytesOf(version),
    )
    return row === undefined ? null : versionRow(row)
  },
}

const ABOVE_EVERY_ID = new Uint8Array(17).fill(0xff)

export interface HistoryArgs {
  readonly file: Id
  readonly before?: Id
  readonly limit: number
}

/** A file's versions, deletion markers too, the newest first. */
export const history: Transaction<HistoryArgs, VersionRow[]> = {
  name: 'history',
  *run({ file, before, limit }) {
    const rows = yield* query(
      `SELECT ${VERSION_COLUMNS} FROM versions v WHERE v.file_id = ? AND v.version_id < ? ORDER BY v.version_id DESC LIMIT ?`,
      bytesOf(file),
      before === undefined ? ABOVE_EVERY_ID : bytesOf(before),
      limit,
    )
    return rows.map(versionRow)
  },
}
