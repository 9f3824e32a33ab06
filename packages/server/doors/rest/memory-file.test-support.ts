/** A file in memory with all its versions, and how the floor shows it. */
import { HoldfastError } from '@holdfast/core/wire/errors.ts'
import type { Id, Sha256 } from '@holdfast/core/wire/ids.ts'
import { names, type Preconditions } from '@holdfast/core/wire/preconditions.ts'
import type { BucketView } from '../../files/buckets.ts'
import { type FileAnswer, type FileView, fileAnswer, fileView } from '../../files/file-answer.ts'
import type { DeletedFile, TaggedFile, VersionView } from '../../files/names.ts'

export interface MemoryVersion {
  readonly version: Id
  readonly kind: 'content' | 'deleted'
  readonly bytes: Buffer
  readonly sha256: Sha256
  readonly contentType: string | null
  readonly strategy: 'direct' | 'chunked' | 'streaming'
  readonly modifiedAt: number
}

export interface MemoryFile {
  readonly file: Id
  readonly bucket: string
  path: string
  tags: Record<string, string>
  readonly versions: MemoryVersion[]
}

export async function gather(body: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const pieces: Uint8Array[] = []
  for await (const piece of body) pieces.push(piece)
  return Buffer.concat(pieces)
}

export function current(file: MemoryFile): MemoryVersion {
  const last = file.versions.at(-1)
  if (last === undefined) throw new Error('a file has a version')
  return last
}

function row(file: MemoryFile) {
  const { version, bytes, sha256, contentType, modifiedAt } = current(file)
  return { file: file.file, path: file.path, version, size: bytes.length, sha256, contentType, modifiedAt }
}

export function viewOf(file: MemoryFile): FileView {
  return fileView(row(file), file.bucket)
}

export function answerOf(file: MemoryFile): FileAnswer {
  return fileAnswer(row(file), file.bucket, current(file).strategy)
}

export function tagged(file: MemoryFile): TaggedFile {
  return { ...viewOf(file), tags: file.tags, deleted: current(file).kind === 'deleted' }
}

/** As its last version with contents was. */
export function deletedView(file: MemoryFile): DeletedFile {
  const versions = file.versions.filter(({ kind }) => kind === 'content')
  return { ...viewOf({ ...file, versions }), deletedAt: new Date(current(file).modifiedAt).toISOString() }
}

export function versionView(file: MemoryFile, each: MemoryVersion): VersionView {
  const { version, kind, bytes, sha256, contentType, strategy, modifiedAt } = each
  const at = new Date(modifiedAt).toISOString()
  const isCurrent = current(file) === each && kind === 'content'
  return {
    versionId: version,
    kind,
    size: bytes.length,
    sha256,
    contentType,
    strategy,
    modifiedAt: at,
    createdAt: at,
    current: isCurrent,
  }
}

export function view({ version: _version, ...bucket }: BucketView & { version: number }): BucketView {
  return bucket
}

export function checkPreconditions(file: MemoryFile | undefined, { ifMatch, ifNoneMatch }: Preconditions): void {
  const version = file && current(file).version
  if (ifMatch !== undefined && !names(ifMatch, version))
    throw new HoldfastError('precondition_failed', 'If-Match names another version')
  if (ifNoneMatch !== undefined && names(ifNoneMatch, version))
    throw new HoldfastError('precondition_failed', 'If-None-Match names it')
}
