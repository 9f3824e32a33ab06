/** What the model test expects of names: which files are there, and which versions of each are kept. */
import assert from 'node:assert/strict'
import type { ChunkId, Id } from '@holdfast/core/wire/ids.ts'
import type { OfferedPage } from './references.ts'

export interface Content {
  readonly chunk: ChunkId | null
  readonly pages: readonly OfferedPage[] | null
}

export interface KeptVersion {
  readonly version: Id
  /** Undefined is a deletion marker. */
  readonly content: Content | undefined
}

export class KeptNames {
  /** The newest version last. */
  readonly histories = new Map<Id, KeptVersion[]>()
  readonly paths = new Map<string, Id>()
  readonly #deleted = new Map<string, Id[]>()

  /** Every file, also those that were deleted, with its path. */
  all(): (readonly [path: string, file: Id])[] {
    const deleted = [...this.#deleted].flatMap(([path, files]) => files.map((file) => [path, file] as const))
    return [...this.paths, ...deleted]
  }

  versionsWithContent(file: Id): KeptVersion[] {
    return this.histories.get(file)?.filter(({ content }) => content !== undefined) ?? []
  }

  put(path: string, made: { file: Id; version: Id; created: boolean }, content: Content, kept: number): void {
    assert.equal(made.created, !this.paths.has(path))
    const expected = this.paths.get(path) ?? this.#deleted.get(path)?.at(-1)
    if (expected !== undefined) assert.equal(made.file, expected, 'a path goes on with its file')
    this.restore(path, made.file, { version: made.version, content }, kept)
  }

  restore(path: string, file: Id, version: KeptVersion, kept: number): void {
    this.#deleted.set(
      path,
      (this.#deleted.get(path) ?? []).filter((each) => each !== file),
    )
    this.paths.set(path, file)
    this.#append(file, version, kept)
  }

  bury(path: string, file: Id, version: Id, kept: number): void {
    this.paths.delete(path)
    this.#deleted.set(path, [...(this.#deleted.get(path) ?? []), file])
    this.#append(file, { version, content: undefined }, kept)
  }

  move(from: string, to: string): void {
    const file = this.paths.get(from)
    this.paths.delete(from)
    if (file !== undefined) this.paths.set(to, file)
  }

  #append(file: Id, version: KeptVersion, kept: number): void {
    const all = [...(this.histories.get(file) ?? []), version]
    const oldest = all.filter(({ content }) => content !== undefined).at(-kept)
    const from = oldest === undefined ? 0 : all.indexOf(oldest)
    this.histories.set(file, all.slice(from))
  }
}
