import { HoldfastError } from '@holdfast/core/wire/errors.ts'
import type { Id } from '@holdfast/core/wire/ids.ts'
import type { Preconditions } from '@holdfast/core/wire/preconditions.ts'
import type { Strategy } from '@holdfast/core/wire/strategy.ts'
import { bytesIn, bytesOf, idIn, numberIn } from '../cells.ts'
import { recordChange } from '../changes.ts'
import { answeredBefore, keepAnswer } from '../completed-answers.ts'
import { checkPreconditions, fileNotFound, type Latest } from '../file-state.ts'
import { putFile } from '../files.ts'
import { pathOf } from '../path-range.ts'
import { HOLDER_VERSION, holdChunks, holdPages } from '../references.ts'
import { fileIn, VERSION_COLUMNS, versionRow } from '../row-readers.ts'
import type { Authorship, Change, FileRow, Idempotency, VersionRow } from '../rows.ts'
import { query, type Steps, type Transaction } from '../transaction.ts'
import { insertVersion, laterVersion, nextClock, pruneVersions } from '../versions.ts'

export interface RestoreVersionArgs extends Authorship {
  readonly file: Id
  /** What to restore. */
  readonly version: Id
  /** The result may hold a later one. */
  readonly newVersion: Id
  readonly versionsKept: number
  /** Of the file as it is now; where it is deleted, it is in no version. */
  readonly preconditions: Preconditions
  readonly idempotency?: Idempotency
  readonly change: Change
}

export interface RestoreVersionResult extends FileRow {
  readonly strategy: Strategy | null
}

/**
 * A new version with the contents of an old one, also of a deleted file, which comes back at its path. It needs no session: what
 * it refers to is held by the old version until this transaction ends.
 * @throws idempotency_mismatch, file_not_found, precondition_failed, version_not_found (a deletion marker is none), conflict (another file has the path)
 */
export const restoreVersion: Transaction<RestoreVersionArgs, RestoreVersionResult> = {
  name: 'restoreVersion',
  *run({ file, version, newVersion, versionsKept, change, author = null, actorClock, ...args }) {
    const earlier = yield* answeredBefore(args.idempotency)
    if (earlier !== undefined) {
      const answered: RestoreVersionResult = JSON.parse(earlier)
      return answered
    }
    const place = yield* placeOf(file)
    const { bucket, path, latest } = place
    checkPreconditions(place.deleted ? undefined : latest.version, args.preconditions)
    const old = yield* contentOf(file, version)
    if (place.deleted) yield* refuseTaken(bucket, path)

    const next = laterVersion(newVersion, latest.version)
    if (old.chunk !== null) yield* holdChunks(bucket, [old.chunk], { id: next, kind: HOLDER_VERSION })
    if (old.pages !== null) {
      const pages = old.pages.map(({ page, entries, plainBytes }) => ({
        page,
        entries: null,
        count: entries,
        plainBytes,
      }))
      yield* holdPages(bucket, pages, file, next)
    }
    const clock = nextClock(latest.clock, actorClock ?? bucket)
    const restored = { ...old, version: next, createdAt: change.atMs, author, clock }
    yield* insertVersion(restored)
    const row = fileIn(restored, bucket, pathOf(path))
    yield* putFile(
      row,
      place.deleted ? { current: undefined, deleted: latest } : { current: latest, deleted: undefined },
    )
    yield* pruneVersions(bucket, file, versionsKept)
    const data = { path: row.path, version: next, restored: version }
    yield* recordChange(change, { type: 'file.restored', bucket, subject: file, data })
    const result = { ...row, strategy: old.strategy }
    yield* keepAnswer(args.idempotency, change, { status: 200, answer: result })
    return result
  },
}

interface Place {
  readonly bucket: Id
  readonly path: Uint8Array
  readonly deleted: boolean
  readonly latest: Latest
}

function* placeOf(file: Id): Steps<Place> {
  const [row] = yield* query(
    `SELECT f.bucket_id, f.path, f.version_id, 0 AS deleted, v.clock FROM files f
     JOIN versions v ON v.file_id = f.file_id AND v.version_id = f.version_id WHERE f.file_id = ?
     UNION ALL
     SELECT d.bucket_id, d.path, d.version_id, 1 AS deleted, v.clock FROM deleted_files d
     JOIN versions v ON v.file_id = d.file_id AND v.version_id = d.version_id WHERE d.file_id = ?`,
    bytesOf(file),
    bytesOf(file),
  )
  if (row === undefined) throw fileNotFound()
  return {
    bucket: idIn(row, 'bucket_id'),
    path: bytesIn(row, 'path'),
    deleted: numberIn(row, 'deleted') === 1,
    latest: { file, version: idIn(row, 'version_id'), clock: bytesIn(row, 'clock') },
  }
}

function* contentOf(file: Id, version: Id): Steps<VersionRow> {
  const [row] = yield* query(
    `SELECT ${VERSION_COLUMNS} FROM versions v WHERE v.file_id = ? AND v.version_id = ?`,
    bytesOf(file),
    bytesOf(version),
  )
  const found = row && versionRow(row)
  if (found?.kind !== 'content') throw new HoldfastError('version_not_found', 'the file has no such version')
  return found
}

function* refuseTaken(bucket: Id, path: Uint8Array): Steps<void> {
  const taken = yield* query('SELECT file_id FROM files WHERE bucket_id = ? AND path = ?', bytesOf(bucket), path)
  if (taken.length > 0)
    throw new HoldfastError(
      'conflict',
      `a file is at ${pathOf(path)} where the deleted one was: move or delete that first`,
    )
}
