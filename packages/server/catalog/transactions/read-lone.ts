import type { Id } from '@holdfast/core/wire/ids.ts'
import { bytesOf } from '../cells.ts'
import { pathBytes } from '../path-range.ts'
import {
  chunkPlace,
  fileIn,
  PLACE_DETAILS,
  STRIPE_DETAILS,
  stripeRow,
  VERSION_COLUMNS,
  versionRow,
} from '../row-readers.ts'
import type { ChunkPlace, FileRow, StripeRow, VersionRow } from '../rows.ts'
import { query, type Transaction } from '../transaction.ts'

export interface LoneRead {
  readonly file: FileRow
  readonly version: VersionRow
  /** With `stripe`, where the version has a lone chunk. */
  readonly place?: ChunkPlace
  readonly stripe?: StripeRow
}

const FIND = `SELECT ${VERSION_COLUMNS}, ${PLACE_DETAILS}, ${STRIPE_DETAILS}
  FROM files f JOIN versions v ON v.file_id = f.file_id AND v.version_id = f.version_id
  LEFT JOIN chunks c ON c.bucket_id = f.bucket_id AND c.chunk_id = v.chunk_id
  LEFT JOIN stripes s ON s.stripe_id = c.stripe_id WHERE f.bucket_id = ? AND f.path = ?`

/** All that the GET of a small file needs, in one query by primary keys. */
export const readLone: Transaction<{ readonly bucket: Id; readonly path: string }, LoneRead | null> = {
  name: 'readLone',
  *run({ bucket, path }) {
    const [row] = yield* query(FIND, bytesOf(bucket), pathBytes(path))
    if (row === undefined) return null
    const version = versionRow(row)
    const found = { file: fileIn(version, bucket, path), version }
    return row['stripe_id'] === null ? found : { ...found, place: chunkPlace(row), stripe: stripeRow(row, bucket) }
  },
}
