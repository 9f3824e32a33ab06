/** What a reader asks: which version, which chunks, and where they lie. */
import type { ChunkId, Id } from '@holdfast/core/wire/ids.ts'
import { byKeys } from '../batches.ts'
import { bytesIn, bytesOf, stripeIdIn } from '../cells.ts'
import { pathBytes } from '../path-range.ts'
import {
  CONTENT,
  chunkPlace,
  fileIn,
  PLACE_COLUMNS,
  STRIPE_COLUMNS,
  stripeRow,
  VERSION_COLUMNS,
  versionRow,
} from '../row-readers.ts'
import type { ChunkPlace, FileRow, StripeRow, VersionRow } from '../rows.ts'
import { query, type Row, type Steps, type Transaction } from '../transaction.ts'

export interface ReadPlanArgs {
  readonly bucket: Id
  readonly path: string
  readonly version?: Id
}

export interface ReadPlan {
  /** As the file is, or was, in that version. */
  readonly file: FileRow
  readonly version: VersionRow
}

/** The current version, or the one that is named, which may belong to a deleted file. A deletion marker has nothing to read. */
export const readPlan: Transaction<ReadPlanArgs, ReadPlan | null> = {
  name: 'readPlan',
  *run({ bucket, path, version }) {
    const row = yield* version === undefined ? currentVersion(bucket, path) : namedVersion(bucket, path, version)
    if (row === undefined) return null
    const found = versionRow(row)
    return { file: fileIn(found, bucket, path), version: found }
  },
}

function* currentVersion(bucket: Id, path: string): Steps<Row | undefined> {
  const [row] = yield* query(
    `SELECT ${VERSION_COLUMNS} FROM files f
     JOIN versions v ON v.file_id = f.file_id AND v.version_id = f.version_id WHERE f.bucket_id = ? AND f.path = ?`,
    bytesOf(bucket),
    pathBytes(path),
  )
  return row
}

function* namedVersion(bucket: Id, path: string, version: Id): Steps<Row | undefined> {
  for (const table of ['files', 'deleted_files']) {
    const [row] = yield* query(
      `SELECT ${VERSION_COLUMNS} FROM ${table} f
       JOIN versions v ON v.file_id = f.file_id WHERE f.bucket_id = ? AND f.path = ? AND v.version_id = ? AND v.kind = ?`,
      bytesOf(bucket),
      pathBytes(path),
      bytesOf(version),
      CONTENT,
    )
    if (row !== undefined) return row
  }
  return undefined
}

/** A page's entries as they are stored: `decodeEntries` reads them. */
export const readPage: Transaction<{ readonly bucket: Id; readonly page: Id }, Uint8Array | null> = {
  name: 'readPage',
  *run({ bucket, page }) {
    const [row] = yield* query(
      'SELECT entries FROM page_entries WHERE bucket_id = ? AND page_id = ?',
      bytesOf(bucket),
      bytesOf(page),
    )
    return row === undefined ? null : bytesIn(row, 'entries')
  },
}

export interface PlacesOfArgs {
  readonly bucket: Id
  readonly chunks: readonly ChunkId[]
}

const findPlaces = byKeys(`SELECT ${PLACE_COLUMNS} FROM chunks c WHERE c.bucket_id = ? AND c.chunk_id IN`)
const findStripes = byKeys(`SELECT ${STRIPE_COLUMNS} FROM stripes s WHERE s.stripe_id IN`)

/** Places in no order; each stripe once. */
export const placesOf: Transaction<PlacesOfArgs, { places: ChunkPlace[]; stripes: StripeRow[] }> = {
  name: 'placesOf',
  *run({ bucket, chunks }) {
    const rows = yield* findPlaces([bytesOf(bucket)], [...new Set(chunks)].map(bytesOf))
    const places = rows.map(chunkPlace)
    const stripes = new Set(rows.map((row) => stripeIdIn(row, 'stripe_id')))
    const found = yield* findStripes([], [...stripes].map(bytesOf))
    return { places, stripes: found.map((row) => stripeRow(row)) }
  },
}
