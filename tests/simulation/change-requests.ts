/** Putting and deleting one file. */

import { hasCode } from '@holdfast/core/wire/errors.ts'
import { asId, asSha256 } from '@holdfast/core/wire/ids.ts'
import type { Preconditions } from '@holdfast/core/wire/preconditions.ts'
import type { Strategy } from '@holdfast/core/wire/strategy.ts'
import { SMALL_BODY_BYTES_MAX, type UploadRequest, type UploadResult } from '@holdfast/server/files/uploads.ts'
import type { Content } from './contents.ts'
import type { PathModel, State, Version } from './model.ts'
import { type Change, ClientGone, type Context, refusalOf, settle } from './request.ts'
import type { SeededRandom } from './seeded-random.ts'
import { demand } from './violation.ts'

const NO_VERSION = asId('0'.repeat(32))

export interface PutPlan {
  readonly content: Content
  readonly streams: boolean
  readonly strategy: Strategy | undefined
  readonly preconditions: Preconditions
  readonly key: string | undefined
  /** Goes away after so many bytes. */
  readonly leavesAfterBytes: number
}

export function somePut(random: SeededRandom, content: Content, key: string): Omit<PutPlan, 'preconditions'> {
  const streams = content.bytes.length > SMALL_BODY_BYTES_MAX || random.chance(0.25)
  return {
    content,
    streams,
    strategy: random.chance(0.5) ? undefined : random.pick(['direct', 'chunked', 'streaming'] as const),
    key: random.chance(0.2) ? key : undefined,
    leavesAfterBytes: streams && random.chance(0.08) ? random.whole(0, content.bytes.length) : Number.POSITIVE_INFINITY,
  }
}

/** Preconditions, and whether a path in this state meets them. */
export function somePreconditions(random: SeededRandom, state: State): { preconditions: Preconditions; met: boolean } {
  const luck = random.float()
  if (luck < 0.6) return { preconditions: {}, met: true }
  if (luck < 0.7) return { preconditions: { ifNoneMatch: ['*'] }, met: state === 'absent' }
  if (luck < 0.75) return { preconditions: { ifMatch: [NO_VERSION] }, met: false }
  if (state === 'absent' || state.id === undefined) return { preconditions: { ifMatch: ['*'] }, met: false }
  return { preconditions: { ifMatch: [state.id] }, met: true }
}

export async function upload(context: Context, path: PathModel, plan: PutPlan): Promise<UploadResult> {
  const { content, streams, key, strategy, preconditions } = plan
  const request: UploadRequest = {
    bucket: path.bucket.name,
    path: path.path,
    body: streams ? bodyOf(context, plan) : content.bytes,
    lengthBytes: content.bytes.length,
    contentType: undefined,
    strategy,
    expectedSha256: context.random.chance(0.3) ? asSha256(content.sha256) : undefined,
    modifiedAt: undefined,
    preconditions,
    idempotencyKey: key,
    idempotencyScope: `PUT ${path.name}`,
    requester: context.requester,
    signal: new AbortController().signal,
  }
  return await context.gateway.uploads.put(request)
}

async function* bodyOf(context: Context, { content, leavesAfterBytes }: PutPlan): AsyncGenerator<Uint8Array> {
  const { bytes } = content
  const pieceBytes = bytes.length > 1024 * 1024 ? 512 * 1024 : 48 * 1024
  const pauseMsMax = context.random.chance(0.15) ? 1500 : 3
  for (let at = 0; at < bytes.length; at += pieceBytes) {
    if (at > 0) await context.sleep(context.random.between(0, pauseMsMax))
    if (at + pieceBytes > leavesAfterBytes) throw new ClientGone('the client went away')
    // What is sent is no longer ours.
    yield new Uint8Array(bytes.subarray(at, at + pieceBytes))
  }
}

export class Put implements Change {
  readonly what: string
  readonly paths: readonly PathModel[]
  readonly #path: PathModel
  readonly #plan: PutPlan
  readonly #met: boolean
  readonly #before: State
  readonly #version: Version

  constructor(path: PathModel, plan: PutPlan, met: boolean) {
    this.what = `put ${path.name} ${plan.content.bytes.length} ${plan.content.sha256.slice(0, 8)}`
    this.paths = [path]
    this.#path = path
    this.#plan = plan
    this.#met = met
    this.#before = path.only
    this.#version = { content: plan.content, id: undefined, file: undefined }
    if (met) path.set([this.#before, this.#version])
  }

  async run(context: Context): Promise<string> {
    let result: UploadResult
    try {
      result = await upload(context, this.#path, this.#plan)
    } catch (error) {
      const expected = this.#met ? [] : (['precondition_failed'] as const)
      const code = refusalOf(error, this.what, ...expected)
      this.#refused()
      return code
    }
    this.#acknowledged(result)
    return 'ok'
  }

  /** With a key, by asking again: the answer is the first one's, if there was a first. Else by a look. */
  async lookUp(context: Context): Promise<boolean> {
    if (this.#plan.key === undefined || this.#plan.leavesAfterBytes < Number.POSITIVE_INFINITY) {
      await settle(context, this.#path)
      return true
    }
    try {
      this.#acknowledged(await upload(context, this.#path, this.#plan))
    } catch (error) {
      if (hasCode(error, 'in_progress')) return false
      refusalOf(error, `asking again: ${this.what}`, ...(this.#met ? [] : (['precondition_failed'] as const)))
      this.#refused()
    }
    return true
  }

  #acknowledged({ answer, created, replayed }: UploadResult): void {
    const path = this.#path
    const { content } = this.#version
    demand(this.#met, `${this.what} was refused for its precondition`)
    demand(answer.sha256 === content.sha256 && answer.size === content.bytes.length, `${this.what} is answered as sent`)
    demand(replayed || created === (this.#before === 'absent'), `${this.what} is answered created: ${created}`)
    path.bucket.learn(path, this.#version, answer)
    path.set([this.#version])
  }

  #refused(): void {
    demand(this.#path.candidates.includes(this.#before), `${this.what} was seen, and then refused`)
    this.#path.set([this.#before])
  }
}

export class Delete implements Change {
  readonly what: string
  readonly paths: readonly PathModel[]
  readonly #path: PathModel
  readonly #preconditions: Preconditions
  readonly #met: boolean
  readonly #before: State

  constructor(path: PathModel, { preconditions, met }: { preconditions: Preconditions; met: boolean }) {
    this.what = `delete ${path.name}`
    this.paths = [path]
    this.#path = path
    this.#preconditions = preconditions
    this.#met = met
    this.#before = path.only
    if (met) path.set([this.#before, 'absent'])
  }

  async run(context: Context): Promise<string> {
    const path = this.#path
    try {
      await context.gateway.names.delete({
        bucket: path.bucket.name,
        path: path.path,
        preconditions: this.#preconditions,
        idempotencyKey: undefined,
        idempotencyScope: '',
        requester: context.requester,
      })
    } catch (error) {
      if (!this.#met) return refusalOf(error, this.what, 'precondition_failed')
      const code = refusalOf(error, this.what, ...(this.#before === 'absent' ? (['file_not_found'] as const) : []))
      demand(path.candidates.includes(this.#before), `${this.what} was seen, and then refused`)
      path.set([this.#before])
      return code
    }
    demand(this.#met && this.#before !== 'absent', `${this.what} was refused`)
    path.set(['absent'])
    return 'ok'
  }

  async lookUp(context: Context): Promise<boolean> {
    await settle(context, this.#path)
    return true
  }
}
