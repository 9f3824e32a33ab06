/** Moving a file, and restoring one of its versions: bytes stay where they are. */

import { hasCode } from '@holdfast/core/wire/errors.ts'
import type { Id } from '@holdfast/core/wire/ids.ts'
import type { FileModel, PathModel, State, Version } from './model.ts'
import { type Change, type Context, refusalOf, seenAt, settle } from './request.ts'
import { demand } from './violation.ts'

export class Move implements Change {
  readonly what: string
  readonly paths: readonly PathModel[]
  readonly #from: PathModel
  readonly #to: PathModel
  readonly #overwrite: boolean
  readonly #moved: Version
  readonly #target: State
  readonly #file: FileModel

  constructor(from: PathModel, to: PathModel, overwrite: boolean) {
    this.what = `move ${from.name} to ${to.path}, overwrite ${overwrite}`
    this.paths = [from, to]
    this.#from = from
    this.#to = to
    this.#overwrite = overwrite
    const moved = from.only
    demand(moved !== 'absent' && moved.file !== undefined, 'a file that is known is moved')
    this.#moved = moved
    this.#file = moved.file
    this.#target = to.only
    if (!this.#isRefused) {
      from.set([moved, 'absent'])
      to.set([this.#target, moved])
    }
  }

  get #isRefused(): boolean {
    return this.#target !== 'absent' && !this.#overwrite
  }

  async run(context: Context): Promise<string> {
    try {
      const [file, path, overwrite] = [this.#file.id, this.#to.path, this.#overwrite]
      const { requester } = context
      await context.gateway.names.move({ file, path, overwrite, preconditions: {}, requester })
    } catch (error) {
      const code = refusalOf(error, this.what, ...(this.#isRefused ? (['conflict'] as const) : []))
      demand(this.#from.candidates.includes(this.#moved), `${this.what} was seen, and then refused`)
      this.#stayed()
      return code
    }
    demand(!this.#isRefused, `${this.what} overwrites nothing`)
    this.#went()
    return 'ok'
  }

  async lookUp(context: Context): Promise<boolean> {
    const seen = await seenAt(context, this.#from)
    if (seen === 'absent') this.#went()
    else this.#stayed()
    // Both ends must agree.
    await settle(context, this.#from)
    await settle(context, this.#to)
    return true
  }

  #went(): void {
    if (this.#isRefused) return
    this.#file.path = this.#to
    this.#from.set(['absent'])
    this.#to.set([this.#moved])
  }

  #stayed(): void {
    this.#file.path = this.#from
    this.#from.set([this.#moved])
    this.#to.set([this.#target])
  }
}

export class Restore implements Change {
  readonly what: string
  readonly paths: readonly PathModel[]
  readonly #file: FileModel
  readonly #path: PathModel
  readonly #old: Id
  readonly #before: State
  readonly #version: Version
  readonly #isTaken: boolean

  constructor(file: FileModel, old: Id) {
    const { path } = file
    this.what = `restore ${path.name} of ${file.id} from ${old}`
    this.paths = [path]
    this.#file = file
    this.#path = path
    this.#old = old
    this.#before = path.only
    const content = file.versions.get(old)
    demand(content !== undefined, 'a version that is known is restored')
    this.#version = { content, id: undefined, file }
    this.#isTaken = this.#before !== 'absent' && this.#before.file !== file
    if (!this.#isTaken) path.set([this.#before, this.#version])
  }

  async run(context: Context): Promise<string> {
    const path = this.#path
    try {
      const answer = await context.gateway.names.restore({
        file: this.#file.id,
        version: this.#old,
        preconditions: {},
        idempotencyKey: undefined,
        idempotencyScope: '',
        requester: context.requester,
      })
      demand(!this.#isTaken, `${this.what} leaves another file at its path alone`)
      demand(answer.sha256 === this.#version.content.sha256, `${this.what} brings back what it was`)
      path.bucket.learn(path, this.#version, answer)
      path.set([this.#version])
      return 'ok'
    } catch (error) {
      const mayBeGone = hasCode(error, 'version_not_found') && this.#file.mayLack(this.#old)
      const expected = this.#isTaken ? ['conflict' as const] : []
      const code = mayBeGone ? 'version_not_found' : refusalOf(error, this.what, ...expected)
      demand(path.candidates.includes(this.#before), `${this.what} was seen, and then refused`)
      path.set([this.#before])
      return code
    }
  }

  async lookUp(context: Context): Promise<boolean> {
    await settle(context, this.#path)
    return true
  }
}
