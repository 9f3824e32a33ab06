/**
 * What clients know of a bucket, from the answers that they got: the reference that the cluster is measured against.
 *
 * A path holds a version or nothing. While a change is under way it may hold either; so its state is a set of candidates. An
 * answer leaves one. An operation whose answer was lost with the gateway leaves several, until somebody looks: from then on
 * it is what was seen. A reader may see whatever was a candidate at some moment between its question and its answer.
 *
 * One client at a time changes a path, except in races, which are operations of their own.
 */
import type { Id } from '@holdfast/core/wire/ids.ts'
import type { Content } from './contents.ts'
import { demand } from './violation.ts'

export interface Version {
  readonly content: Content
  /** Undefined until an answer has named it. */
  id: Id | undefined
  file: FileModel | undefined
}

export type State = Version | 'absent'

/** A file keeps its id and its history wherever it moves. */
export class FileModel {
  readonly id: Id
  readonly bucket: BucketModel
  path: PathModel
  /** Versions with contents that were acknowledged or seen. */
  readonly versions = new Map<Id, Content>()

  constructor(id: Id, bucket: BucketModel, path: PathModel) {
    this.id = id
    this.bucket = bucket
    this.path = path
  }

  /** Whether so many later versions are kept that this one need not be there any more. */
  mayLack(version: Id): boolean {
    const later = [...this.versions.keys()].filter((id) => id > version).length
    return later + this.bucket.maybe.size >= this.bucket.versionsKept
  }
}

export class PathModel {
  readonly bucket: BucketModel
  readonly path: string
  #candidates: readonly State[] = ['absent']
  readonly #watchers = new Set<Set<State>>()
  /** Someone changes it, or does not know how a change ended. */
  isBusy = false
  /** Several change it at once: what one sees, another may have undone. */
  isRaced = false
  /** Grows with every change of what it may hold. */
  epoch = 0

  constructor(bucket: BucketModel, path: string) {
    this.bucket = bucket
    this.path = path
  }

  get name(): string {
    return `${this.bucket.name}/${this.path}`
  }

  get candidates(): readonly State[] {
    return this.#candidates
  }

  /** What it holds, where that is known. */
  get only(): State {
    const [only] = this.#candidates
    demand(this.#candidates.length === 1 && only !== undefined, `what ${this.name} holds is known`)
    return only
  }

  set(candidates: readonly State[]): void {
    this.#candidates = candidates
    this.epoch++
    for (const watcher of this.#watchers) for (const state of candidates) watcher.add(state)
  }

  /** Somebody saw this: what was done before it is over, unless others are at it too. */
  saw(state: State): void {
    const [before] = this.#candidates
    if (!this.isRaced && state !== before && this.#candidates.includes(state)) this.set([state])
  }

  /** What it may hold from now until `unwatch`. */
  watch(): Set<State> {
    const watcher = new Set(this.#candidates)
    this.#watchers.add(watcher)
    return watcher
  }

  unwatch(watcher: Set<State>): void {
    this.#watchers.delete(watcher)
  }
}

export class BucketModel {
  readonly name: string
  readonly versionsKept: number
  readonly dataShards: number
  readonly paths: readonly PathModel[]
  readonly files = new Map<Id, FileModel>()
  /** Contents of puts whose answer was lost: a history may show them. */
  readonly maybe = new Set<string>()

  constructor(options: { name: string; versionsKept: number; dataShards: number; paths: readonly string[] }) {
    this.name = options.name
    this.versionsKept = options.versionsKept
    this.dataShards = options.dataShards
    this.paths = options.paths.map((path) => new PathModel(this, path))
  }

  /** An answer, or a look, has named a version. */
  learn(path: PathModel, version: Version, ids: { fileId: Id; versionId: Id }): void {
    let file = this.files.get(ids.fileId)
    if (file === undefined) {
      file = new FileModel(ids.fileId, this, path)
      this.files.set(ids.fileId, file)
    }
    demand(version.id === undefined || version.id === ids.versionId, `a version of ${path.name} keeps its id`)
    const known = file.versions.get(ids.versionId)
    demand(
      known === undefined || known.sha256 === version.content.sha256,
      `version ${ids.versionId} keeps its contents`,
    )
    file.path = path
    file.versions.set(ids.versionId, version.content)
    version.id = ids.versionId
    version.file = file
  }
}

/** Which of the states somebody saw, who was told this of a path. */
export function stateSeen(
  states: Iterable<State>,
  seen: { versionId: Id; sha256: string } | 'absent',
): State | undefined {
  const all = [...states]
  if (seen === 'absent') return all.find((state) => state === 'absent')
  const named = all.find((state) => state !== 'absent' && state.id === seen.versionId)
  return (
    named ?? all.find((state) => state !== 'absent' && state.id === undefined && state.content.sha256 === seen.sha256)
  )
}
