import { assert } from '@holdfast/core/wire/assert.ts'
import type { ChunkId, Id, Sha256 } from '@holdfast/core/wire/ids.ts'
import type { Preconditions } from '@holdfast/core/wire/preconditions.ts'
import type { Strategy } from '@holdfast/core/wire/strategy.ts'
import { recordChange } from '../changes.ts'
import { answeredBefore, keepAnswer } from '../completed-answers.ts'
import { currentAt, deletedAt } from '../file-state.ts'
import { putFile } from '../files.ts'
import { pathBytes } from '../path-range.ts'
import { HOLDER_VERSION, holdChunks, holdPages, type OfferedPage } from '../references.ts'
import type { Change, Idempotency } from '../rows.ts'
import type { Transaction } from '../transaction.ts'
import { insertVersion, laterVersion, nextClock, pruneVersions } from '../versions.ts'

export interface CommitVersionArgs {
  /** Every session that the upload touched, by a lookup or by a stripe. */
  readonly sessions: readonly Id[]
  readonly bucket: Id
  readonly path: string
  /** The file's id, if none is or was at this path. */
  readonly newFile: Id
  /** The result may hold a later one: see `laterVersion`. */
  readonly version: Id
  readonly size: number
  readonly sha256: Sha256
  readonly contentType: string | null
  readonly strategy: Strategy | null
  readonly modifiedAt: number
  readonly author: Id | null
  readonly actorClock: Id
  readonly chunk: ChunkId | null
  readonly pages: readonly OfferedPage[] | null
  readonly versionsKept: number
  readonly preconditions: Preconditions
  readonly idempotency?: Idempotency
  readonly change: Change
}

export interface CommitVersionResult {
  readonly file: Id
  readonly version: Id
  /** Nothing was at this path, or a deletion marker. */
  readonly created: boolean
  readonly replaced: Id | null
}

/**
 * Makes a version visible. What it refers to is read again here, for collection goes on meanwhile.
 * @throws idempotency_mismatch, session_ended, precondition_failed, bucket_not_found, conflict (a chunk or page is not stored
 *   any more: look it up again), limit_exceeded (of the vector clock); the first that applies
 */
export const commitVersion: Transaction<CommitVersionArgs, CommitVersionResult> = {
  name: 'commitVersion',
  *run(args) {
    const { bucket, size, sha256, contentType, strategy, modifiedAt, chunk, pages, change } = args
    assertShape(args)
    const earlier = yield* answeredBefore(args.idempotency)
    if (earlier !== undefined) return resultIn(earlier)

    const path = pathBytes(args.path)
    const current = yield* currentAt(bucket, path, args)
    const deleted = current === undefined ? yield* deletedAt(bucket, path) : undefined
    const before = current ?? deleted
    const file = before?.file ?? args.newFile
    const version = laterVersion(args.version, before?.version)

    if (chunk !== null) yield* holdChunks(bucket, [chunk], { id: version, kind: HOLDER_VERSION })
    if (pages !== null) yield* holdPages(bucket, pages, file, version)
    yield* insertVersion({
      ...{ file, version, kind: 'content', size, sha256, contentType, strategy, modifiedAt, chunk },
      createdAt: change.atMs,
      author: args.author,
      clock: nextClock(before?.clock, args.actorClock),
      pages: pages?.map((page) => ({ page: page.page, entries: page.count, plainBytes: page.plainBytes })) ?? null,
    })
    const row = { file, bucket, path: args.path, version, size, sha256, contentType, modifiedAt }
    yield* putFile(row, { current, deleted })
    if (before !== undefined) yield* pruneVersions(bucket, file, args.versionsKept)

    const created = current === undefined
    const data = { path: args.path, version, size, created }
    yield* recordChange(change, { type: 'file.changed', bucket, subject: file, data })
    const result = { file, version, created, replaced: current?.version ?? null }
    const answer = { ...result, path: args.path, size, sha256, contentType, strategy, modifiedAt }
    yield* keepAnswer(args.idempotency, change, { status: created ? 201 : 200, answer })
    return result
  },
}

function resultIn(answer: string): CommitVersionResult {
  const { file, version, created, replaced }: CommitVersionResult = JSON.parse(answer)
  return { file, version, created, replaced }
}

function assertShape({ size, chunk, pages, versionsKept }: CommitVersionArgs): void {
  assert(versionsKept >= 1, 'the current version is kept')
  assert(chunk === null || pages === null, 'a version has a lone chunk or pages')
  assert((size === 0) === (chunk === null && pages === null), 'only an empty version has no chunk')
  const listed = pages?.reduce((sum, page) => sum + page.plainBytes, 0) ?? size
  assert(listed === size, 'a version is as long as its pages')
}
