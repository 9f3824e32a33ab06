/** What doors say of files: rows of the catalog with their times as RFC 3339. */
import type { Id, Sha256 } from '@holdfast/core/wire/ids.ts'
import type { Strategy } from '@holdfast/core/wire/strategy.ts'
import type { FileRow } from '../catalog/rows.ts'

export interface FileView {
  readonly fileId: Id
  readonly versionId: Id
  readonly bucket: string
  readonly path: string
  readonly size: number
  readonly sha256: Sha256
  readonly contentType: string | null
  readonly modifiedAt: string
}

/** The answer to a change of a file's contents. */
export interface FileAnswer extends FileView {
  readonly strategy: Strategy | null
  readonly createdAt: string
}

export function fileView(row: Omit<FileRow, 'bucket'>, bucket: string): FileView {
  return {
    fileId: row.file,
    versionId: row.version,
    bucket,
    path: row.path,
    size: row.size,
    sha256: row.sha256,
    contentType: row.contentType,
    modifiedAt: new Date(row.modifiedAt).toISOString(),
  }
}

export function fileAnswer(row: Omit<FileRow, 'bucket'>, bucket: string, strategy: Strategy | null): FileAnswer {
  return { ...fileView(row, bucket), strategy, createdAt: madeAt(row.version) }
}

/** Ids grow with time: the first six bytes are the milliseconds at which one was made. */
export function madeAt(id: Id): string {
  return new Date(Number.parseInt(id.slice(0, 12), 16)).toISOString()
}
