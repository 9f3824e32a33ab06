/** Everything about names that moves no bytes: lists, histories, deletion, restoring, moving, tags. */
import { hash } from 'node:crypto'
import { HoldfastError } from '@holdfast/core/wire/errors.ts'
import { asSha256, type Id, type IdMaker, isId, type Sha256 } from '@holdfast/core/wire/ids.ts'
import type { Preconditions } from '@holdfast/core/wire/preconditions.ts'
import type { Catalog } from '../catalog/catalog.ts'
import type { FileRow, Idempotency, VersionRow } from '../catalog/rows.ts'
import { deleteFile } from '../catalog/transactions/delete-file.ts'
import { getFile, getFileById } from '../catalog/transactions/get-file.ts'
import { history } from '../catalog/transactions/get-version.ts'
import { listDeleted } from '../catalog/transactions/list-deleted.ts'
import { type ListedItem, listFiles } from '../catalog/transactions/list-files.ts'
import { moveFile } from '../catalog/transactions/move-file.ts'
import { moveFolder } from '../catalog/transactions/move-folder.ts'
import { restoreVersion } from '../catalog/transactions/restore-version.ts'
import { setTags } from '../catalog/transactions/set-tags.ts'
import type { Sessions } from '../cluster/sessions.ts'
import type { Clock } from '../seams/clock.ts'
import { type Buckets, DEFAULT_BUCKET } from './buckets.ts'
import { type FileAnswer, type FileView, fileAnswer, fileView, madeAt } from './file-answer.ts'
import { type Claim, type IdempotencyKeys, idempotencyMismatch } from './idempotency-keys.ts'
import { missingFile } from './missing-file.ts'
import { assertFolder, assertPath, assertTags } from './path-rules.ts'
import { changeBy, type Requester } from './requester.ts'

/** A folder of more files is moved by a job. */
const MOVED_FILES_MAX = 10_000
const ID_CHARACTERS = 32
/** A deletion has no body; its key is bound to this. */
const NO_BODY_SHA256 = asSha256('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855')

export interface ListRequest {
  readonly bucket?: string
  readonly prefix?: string
  readonly delimiter?: string
  readonly q?: string
  /** `key=value`. */
  readonly tag?: string
  readonly cursor?: string
  readonly limit: number
}

export type ListItem = FileView | { readonly bucket: string; readonly prefix: string }

export interface Listed<Item> {
  readonly items: Item[]
  readonly nextCursor: string | null
}

export interface TaggedFile extends FileView {
  readonly tags: Readonly<Record<string, string>>
  readonly deleted: boolean
}

/** As it last was, and when it went. */
export interface DeletedFile extends FileView {
  readonly deletedAt: string
}

export interface VersionView {
  readonly versionId: Id
  readonly kind: 'content' | 'deleted'
  readonly size: number
  readonly sha256: string | null
  readonly contentType: string | null
  readonly strategy: string | null
  readonly modifiedAt: string
  readonly createdAt: string
  readonly current: boolean
}

interface KeyedRequest {
  readonly idempotencyKey: string | undefined
  readonly idempotencyScope: string
  readonly requester: Requester
}

export interface DeleteRequest extends KeyedRequest {
  readonly bucket: string
  readonly path: string
  readonly preconditions: Preconditions
}

export interface RestoreRequest extends KeyedRequest {
  readonly file: Id
  /** What to restore. */
  readonly version: Id
  readonly preconditions: Preconditions
}

export interface MoveRequest {
  readonly file: Id
  readonly path: string
  readonly overwrite: boolean
  readonly preconditions: Preconditions
  readonly requester: Requester
}

export interface TagsRequest {
  readonly file: Id
  /** All that the file has from now on. */
  readonly tags: Readonly<Record<string, string>>
  readonly preconditions: Preconditions
  readonly requester: Requester
}

export class Names {
  readonly #catalog: Catalog
  readonly #buckets: Buckets
  readonly #sessions: Sessions
  readonly #keys: IdempotencyKeys
  readonly #clock: Clock
  readonly #ids: IdMaker

  constructor(
    catalog: Catalog,
    floor: { buckets: Buckets; sessions: Sessions; keys: IdempotencyKeys },
    seams: { clock: Clock; ids: IdMaker },
  ) {
    this.#catalog = catalog
    this.#buckets = floor.buckets
    this.#sessions = floor.sessions
    this.#keys = floor.keys
    this.#clock = seams.clock
    this.#ids = seams.ids
  }

  async list(request: ListRequest): Promise<Listed<ListItem>> {
    const bucket = await this.#buckets.use(request.bucket ?? DEFAULT_BUCKET)
    const { items, more, next } = await this.#catalog.scan(listFiles, {
      bucket: bucket.id,
      prefix: request.prefix ?? '',
      limit: request.limit,
      ...(request.delimiter !== undefined && { delimiter: request.delimiter }),
      ...(request.q !== undefined && { q: request.q }),
      ...(request.tag !== undefined && { tag: tagOf(request.tag) }),
      ...(request.cursor !== undefined && { after: decodeCursor(request.cursor) }),
    })
    const view = (item: ListedItem): ListItem =>
      item.kind === 'prefix' ? { bucket: bucket.name, prefix: item.prefix } : fileView(item, bucket.name)
    return { items: items.map(view), nextCursor: more && next !== null ? encodeCursor(next) : null }
  }

  /** In order of the paths; what a restore takes is their ids and versions. @throws bucket_not_found, bad_request */
  async listDeleted(
    request: Pick<ListRequest, 'bucket' | 'prefix' | 'cursor' | 'limit'>,
  ): Promise<Listed<DeletedFile>> {
    const bucket = await this.#buckets.use(request.bucket ?? DEFAULT_BUCKET)
    const { items, more } = await this.#catalog.scan(listDeleted, {
      bucket: bucket.id,
      prefix: request.prefix ?? '',
      limit: request.limit,
      ...(request.cursor !== undefined && { after: decodePlace(request.cursor) }),
    })
    const last = items.at(-1)
    return {
      items: items.map((row) => ({ ...fileView(row, bucket.name), deletedAt: new Date(row.deletedAt).toISOString() })),
      nextCursor: more && last !== undefined ? encodeCursor(`${last.file}${last.path}`) : null,
    }
  }

  /** @throws file_not_found */
  async byId(file: Id): Promise<TaggedFile> {
    const row = await this.#row(file)
    return { ...fileView(row, await this.#buckets.nameOf(row.bucket)), tags: row.tags ?? {}, deleted: row.deleted }
  }

  /** @throws bad_request, limit_exceeded, bucket_not_found, file_not_found */
  async byPath(bucketName: string, path: string): Promise<FileView> {
    assertPath(path)
    const bucket = await this.#buckets.use(bucketName)
    const row = await this.#catalog.read(getFile, { bucket: bucket.id, path })
    if (row === null) throw await missingFile(this.#catalog, bucket, path)
    return fileView(row, bucketName)
  }

  /** The newest first. @throws file_not_found */
  async history(file: Id, options: { cursor?: string; limit: number }): Promise<Listed<VersionView>> {
    const { version: current, deleted } = await this.#row(file)
    const before = options.cursor === undefined ? {} : { before: cursorId(options.cursor) }
    const rows = await this.#catalog.read(history, { file, limit: options.limit + 1, ...before })
    const items = rows.slice(0, options.limit)
    const view = (row: VersionRow): VersionView => ({
      versionId: row.version,
      kind: row.kind,
      size: row.size,
      sha256: row.sha256,
      contentType: row.contentType,
      strategy: row.strategy,
      modifiedAt: new Date(row.modifiedAt).toISOString(),
      createdAt: madeAt(row.version),
      current: row.version === current && !deleted,
    })
    const last = items.at(-1)
    return {
      items: items.map(view),
      nextCursor: rows.length > items.length && last ? encodeCursor(last.version) : null,
    }
  }

  /** Leaves a deletion marker; the history stays. @throws bad_request, limit_exceeded, file_not_found, precondition_failed */
  async delete(request: DeleteRequest): Promise<{ fileId: Id; versionId: Id }> {
    assertPath(request.path)
    const bucket = await this.#buckets.use(request.bucket)
    const { file, version } = await this.#once(request, NO_BODY_SHA256, (idempotency) =>
      this.#catalog.write(deleteFile, {
        bucket: bucket.id,
        path: request.path,
        version: this.#ids.next(),
        preconditions: request.preconditions,
        versionsKept: bucket.policy.versionsKept,
        ...(idempotency !== undefined && { idempotency }),
        change: changeBy(request.requester, this.#clock, this.#ids),
      }),
    )
    return { fileId: file, versionId: version }
  }

  /** @throws file_not_found, precondition_failed, version_not_found, conflict */
  async restore(request: RestoreRequest): Promise<FileAnswer> {
    const { file, version, preconditions, requester } = request
    const { bucket } = await this.#row(file)
    const name = await this.#buckets.nameOf(bucket)
    const { policy } = await this.#buckets.use(name)
    const restored = await this.#once(request, asSha256(hash('sha256', version, 'hex')), (idempotency) =>
      this.#catalog.write(restoreVersion, {
        file,
        version,
        newVersion: this.#ids.next(),
        versionsKept: policy.versionsKept,
        preconditions,
        ...(idempotency !== undefined && { idempotency }),
        change: changeBy(requester, this.#clock, this.#ids),
      }),
    )
    return fileAnswer(restored, name, restored.strategy)
  }

  /** @throws bad_request, limit_exceeded, file_not_found, precondition_failed, conflict */
  async move({ file, path, overwrite, preconditions, requester }: MoveRequest): Promise<FileView> {
    assertPath(path)
    const row = await this.#row(file)
    const moved = await this.#catalog.write(moveFile, {
      bucket: row.bucket,
      from: row.path,
      to: path,
      overwrite,
      preconditions,
      change: changeBy(requester, this.#clock, this.#ids),
    })
    return fileView(moved, await this.#buckets.nameOf(row.bucket))
  }

  /** Every path in one folder goes to another, in one transaction. @throws bad_request, file_not_found, limit_exceeded, conflict */
  async moveFolder(
    request: { bucket: string; from: string; to: string },
    requester: Requester,
  ): Promise<{ moved: number }> {
    assertFolder(request.from)
    assertFolder(request.to)
    const bucket = await this.#buckets.use(request.bucket)
    return await this.#catalog.write(moveFolder, {
      bucket: bucket.id,
      fromPrefix: request.from,
      toPrefix: request.to,
      limit: MOVED_FILES_MAX,
      change: changeBy(requester, this.#clock, this.#ids),
    })
  }

  /** @throws file_not_found, precondition_failed, limit_exceeded */
  async setTags({ file, tags, preconditions, requester }: TagsRequest): Promise<TaggedFile> {
    assertTags(tags)
    const change = changeBy(requester, this.#clock, this.#ids)
    await this.#catalog.write(setTags, { file, tags, preconditions, change })
    return await this.byId(file)
  }

  async #row(file: Id): Promise<FileRow & { readonly deleted: boolean }> {
    const row = await this.#catalog.read(getFileById, { file })
    if (row === null) throw new HoldfastError('file_not_found', `there is no file with the id ${file}`)
    return row
  }

  /** Under an Idempotency-Key that was completed, its answer again. @throws in_progress, idempotency_mismatch */
  async #once<Result>(
    request: KeyedRequest,
    bodySha256: Sha256,
    act: (idempotency: Idempotency | undefined) => Promise<Result>,
  ): Promise<Result> {
    const { requester, idempotencyScope: scope, idempotencyKey: key } = request
    if (key === undefined) return await act(undefined)
    const pin = this.#sessions.pin()
    let claim: Claim | undefined
    try {
      claim = await this.#keys.claim({ principal: requester.principal, scope, key }, pin.session)
      if (!claim.done) return await act({ keyHash: claim.keyHash, bodySha256 })
      if (claim.bodySha256 !== bodySha256) throw idempotencyMismatch()
      return JSON.parse(claim.answer) as Result
    } catch (error) {
      await this.#keys.release(claim)
      throw error
    } finally {
      pin.release()
    }
  }
}

function tagOf(text: string): { key: string; value: string } {
  const at = text.indexOf('=')
  if (at < 1) throw new HoldfastError('bad_request', 'tag is key=value')
  return { key: text.slice(0, at), value: text.slice(at + 1) }
}

/** A cursor is opaque to callers: the last name or id of the page before. */
function encodeCursor(last: string): string {
  return Buffer.from(last).toString('base64url')
}

function decodeCursor(cursor: string): string {
  const last = Buffer.from(cursor, 'base64url').toString()
  if (encodeCursor(last) !== cursor || last.includes('\0'))
    throw new HoldfastError('bad_request', 'cursor is the nextCursor of the page before')
  return last
}

/** Files with one path, deleted one after the other, are told apart by their ids. */
function decodePlace(cursor: string): { file: Id; path: string } {
  const last = decodeCursor(cursor)
  const [file, path] = [last.slice(0, ID_CHARACTERS), last.slice(ID_CHARACTERS)]
  if (!isId(file)) throw new HoldfastError('bad_request', 'the cursor belongs to another list')
  return { file, path }
}

function cursorId(cursor: string): Id {
  const id = decodeCursor(cursor)
  if (!isId(id)) throw new HoldfastError('bad_request', 'the cursor belongs to another list')
  return id
}
