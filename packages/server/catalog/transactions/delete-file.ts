import type { Id } from '@holdfast/core/wire/ids.ts'
import type { Preconditions } from '@holdfast/core/wire/preconditions.ts'
import { recordChange } from '../changes.ts'
import { answeredBefore, keepAnswer } from '../completed-answers.ts'
import { currentAt, fileNotFound } from '../file-state.ts'
import { markDeleted } from '../files.ts'
import { pathBytes } from '../path-range.ts'
import type { Authorship, Change, Idempotency } from '../rows.ts'
import type { Transaction } from '../transaction.ts'
import { laterVersion, pruneVersions } from '../versions.ts'

export interface DeleteFileArgs extends Authorship {
  readonly bucket: Id
  readonly path: string
  /** The deletion marker's; the result may hold a later one. */
  readonly version: Id
  readonly preconditions: Preconditions
  readonly versionsKept: number
  readonly idempotency?: Idempotency
  readonly change: Change
}

export interface DeleteFileResult {
  readonly file: Id
  readonly version: Id
}

/** @throws idempotency_mismatch, precondition_failed, bucket_not_found, file_not_found, limit_exceeded (of the vector clock) */
export const deleteFile: Transaction<DeleteFileArgs, DeleteFileResult> = {
  name: 'deleteFile',
  *run({ author = null, actorClock, ...args }) {
    const { bucket, change } = args
    const earlier = yield* answeredBefore(args.idempotency)
    if (earlier !== undefined) {
      const answered: DeleteFileResult = JSON.parse(earlier)
      return answered
    }
    const path = pathBytes(args.path)
    const current = yield* currentAt(bucket, path, args)
    if (current === undefined) throw fileNotFound()
    const { file } = current
    const marker = laterVersion(args.version, current.version)
    yield* markDeleted({ bucket, path, current, marker, author, actorClock: actorClock ?? bucket, change })
    yield* pruneVersions(bucket, file, args.versionsKept)
    const data = { path: args.path, version: marker }
    yield* recordChange(change, { type: 'file.deleted', bucket, subject: file, data })
    const result = { file, version: marker }
    yield* keepAnswer(args.idempotency, change, { status: 204, answer: result })
    return result
  },
}
