/**
 * A file on its way in. However it travels, it ends the same: its chunks are durable on a write quorum, and one version commit
 * makes it visible. A small body is in memory, is cut at once and shares a stripe with others; a larger one streams through
 * stripes of its own.
 */
import { createHash, hash } from 'node:crypto'
import { isCompressedType } from '@holdfast/core/sealing/compressible.ts'
import { HoldfastError, hasCode } from '@holdfast/core/wire/errors.ts'
import { asSha256, type IdMaker, type Sha256 } from '@holdfast/core/wire/ids.ts'
import type { Preconditions } from '@holdfast/core/wire/preconditions.ts'
import type { Strategy } from '@holdfast/core/wire/strategy.ts'
import type { Catalog } from '../catalog/catalog.ts'
import { commitPage } from '../catalog/transactions/commit-page.ts'
import { type CommitVersionResult, commitVersion } from '../catalog/transactions/commit-version.ts'
import { ByteBudget } from '../cluster/byte-budget.ts'
import type { Pin, Sessions } from '../cluster/sessions.ts'
import type { Clock } from '../seams/clock.ts'
import type { Bucket, Buckets } from './buckets.ts'
import { type FileAnswer, fileAnswer } from './file-answer.ts'
import { type Claim, type IdempotencyKeys, idempotencyMismatch } from './idempotency-keys.ts'
import { assertPath } from './path-rules.ts'
import { changeBy, type Requester } from './requester.ts'
import type { SmallBodies } from './small-bodies.ts'
import { contentTypeOf } from './sniff-type.ts'
import type { StoredContent } from './stored-content.ts'
import { chooseStrategy } from './strategy.ts'
import type { StreamedBodies } from './streamed-bodies.ts'
import { GATHERED_BYTES } from './window-filler.ts'

/** A body up to this length is handed over whole. */
export const SMALL_BODY_BYTES_MAX = 1024 * 1024
/** Small bodies, and beginnings of others, held at once. */
const SMALL_BODIES_BUDGET_BYTES = 48 * 1024 * 1024
const WAITERS_MAX = 1024
/** As much of a body as its type is guessed from. */
const SNIFF_BYTES = 512
/** A body whose length nobody said is most often small: of it as much is read before it streams. */
const UNKNOWN_BYTES_MAX = 256 * 1024
/** What a reader is given at once. */
const PIECE_BYTES_MAX = 64 * 1024
/** What a body that streams holds besides its windows. */
const STREAM_BYTES = GATHERED_BYTES + PIECE_BYTES_MAX

export interface UploadRequest {
  readonly bucket: string
  readonly path: string
  /** The pieces of a body that comes in pieces are the upload's from then on, which frees them. */
  readonly body: Uint8Array | AsyncIterable<Uint8Array>
  readonly lengthBytes: number | undefined
  readonly contentType: string | undefined
  readonly strategy: Strategy | undefined
  readonly expectedSha256: Sha256 | undefined
  readonly modifiedAt: number | undefined
  readonly preconditions: Preconditions
  readonly idempotencyKey: string | undefined
  readonly idempotencyScope: string
  readonly requester: Requester
  readonly signal: AbortSignal
}

export interface UploadResult {
  readonly answer: FileAnswer
  readonly created: boolean
  /** Answered from an earlier request with the same Idempotency-Key. */
  readonly replayed: boolean
}

interface Plan {
  readonly bucket: Bucket
  readonly body: Uint8Array | AsyncIterable<Uint8Array>
  readonly contentType: string | null
  readonly strategy: Strategy
}

export class Uploads {
  readonly #catalog: Catalog
  readonly #buckets: Buckets
  readonly #sessions: Sessions
  readonly #bodies: { readonly small: SmallBodies; readonly streamed: StreamedBodies }
  readonly #keys: IdempotencyKeys
  readonly #clock: Clock
  readonly #ids: IdMaker
  readonly #admitted = new ByteBudget(SMALL_BODIES_BUDGET_BYTES, WAITERS_MAX)

  constructor(
    catalog: Catalog,
    floor: {
      buckets: Buckets
      sessions: Sessions
      small: SmallBodies
      streamed: StreamedBodies
      keys: IdempotencyKeys
    },
    seams: { clock: Clock; ids: IdMaker },
  ) {
    this.#catalog = catalog
    this.#buckets = floor.buckets
    this.#sessions = floor.sessions
    this.#bodies = floor
    this.#keys = floor.keys
    this.#clock = seams.clock
    this.#ids = seams.ids
  }

  /** Whether bodies wait for room that others hold. */
  get isCrowded(): boolean {
    return this.#admitted.waiting > 0
  }

  /** Lends room for a small body, which is asked for before any of it is read. @throws overloaded */
  admit<Result>(lengthBytes: number, signal: AbortSignal, work: () => Promise<Result>): Promise<Result> {
    return this.#lend(lengthBytes, signal, work)
  }

  async put(request: UploadRequest): Promise<UploadResult> {
    assertPath(request.path)
    const bucket = await this.#buckets.use(request.bucket)
    const pin = this.#sessions.pin()
    let claim: Claim | undefined
    try {
      claim = await this.#claim(request, pin)
      if (claim?.done) return await replay(request, claim)
      return await this.#begin(request, (begun) => this.#store(request, planOf(request, bucket, begun), pin, claim))
    } catch (error) {
      await this.#keys.release(claim)
      throw error
    } finally {
      pin.release()
    }
  }

  async #claim({ idempotencyKey, idempotencyScope, requester }: UploadRequest, pin: Pin): Promise<Claim | undefined> {
    if (idempotencyKey === undefined) return undefined
    return await this.#keys.claim(
      { principal: requester.principal, scope: idempotencyScope, key: idempotencyKey },
      pin.session,
    )
  }

  async #lend<Result>(
    lengthBytes: number,
    signal: AbortSignal,
    work: (keep: (bytes: number) => void) => Promise<Result>,
  ): Promise<Result> {
    await this.#admitted.take(lengthBytes, signal)
    let lentBytes = lengthBytes
    const keep = (bytes: number): void => {
      this.#admitted.give(lentBytes - bytes)
      lentBytes = bytes
    }
    try {
      return await work(keep)
    } finally {
      keep(0)
    }
  }

  /** The beginning of a body lies in lent room, of which a part stays for the pieces that follow. */
  async #begin<Result>(
    { body, lengthBytes, signal }: UploadRequest,
    store: (begun: Begun) => Promise<Result>,
  ): Promise<Result> {
    if (body instanceof Uint8Array) return await store({ first: body, body })
    const wantedBytes = lengthBytes === undefined ? UNKNOWN_BYTES_MAX : SNIFF_BYTES
    const lentBytes = Math.max(wantedBytes + PIECE_BYTES_MAX, STREAM_BYTES)
    return await this.#lend(lentBytes, signal, async (keep) => {
      return await store(await begin(body, wantedBytes, () => keep(STREAM_BYTES)))
    })
  }

  async #store(request: UploadRequest, plan: Plan, pin: Pin, claim: Claim | undefined): Promise<UploadResult> {
    const { body } = plan
    const content = await this.#storeContent(request, plan, pin, true)
    try {
      return await this.#commit(request, plan, pin, claim, content)
    } catch (error) {
      // A chunk that was known at the look-up went since. A body in memory is stored again without looking.
      if (!hasCode(error, 'conflict') || !(body instanceof Uint8Array)) throw error
      const again = await this.#storeContent(request, plan, pin, false)
      return await this.#commit(request, plan, pin, claim, again)
    }
  }

  #storeContent(
    request: UploadRequest,
    { bucket, body, contentType, strategy }: Plan,
    pin: Pin,
    useKnown: boolean,
  ): Promise<StoredContent> {
    const compress =
      bucket.policy.compression === 'auto' &&
      strategy !== 'streaming' &&
      !(contentType !== null && isCompressedType(contentType))
    if (body instanceof Uint8Array) return this.#bodies.small.store(bucket, body, { compress, useKnown })
    return this.#bodies.streamed.store(bucket, body, {
      byContent: strategy !== 'streaming',
      compress,
      useKnown,
      commitAsItGoes: strategy !== 'direct',
      session: pin.session,
      signal: request.signal,
    })
  }

  async #commit(
    request: UploadRequest,
    { bucket, contentType, strategy }: Plan,
    pin: Pin,
    claim: Claim | undefined,
    content: StoredContent,
  ): Promise<UploadResult> {
    try {
      if (request.expectedSha256 !== undefined && request.expectedSha256 !== content.sha256) {
        throw new HoldfastError(
          'digest_mismatch',
          `the body's SHA-256 is ${content.sha256}, Repr-Digest says ${request.expectedSha256}`,
        )
      }
      const stripes = content.commitStripes()
      // A version with many pages waits for its chunks, and its pages are committed one by one ahead of it.
      const pages = await this.#pagesOf(bucket, content, pin, stripes)
      const modifiedAt = request.modifiedAt ?? this.#clock.now()
      const version = this.#catalog.write(commitVersion, {
        sessions: [pin.session, ...content.sessions],
        bucket: bucket.id,
        path: request.path,
        newFile: this.#ids.next(),
        version: this.#ids.next(),
        size: content.size,
        sha256: content.sha256,
        contentType,
        strategy,
        modifiedAt,
        author: null,
        actorClock: bucket.id,
        chunk: content.chunk,
        pages,
        versionsKept: bucket.policy.versionsKept,
        preconditions: request.preconditions,
        ...(claim !== undefined &&
          !claim.done && { idempotency: { keyHash: claim.keyHash, bodySha256: content.sha256 } }),
        change: changeBy(request.requester, this.#clock, this.#ids),
      })
      const [, committed] = await Promise.all([stripes, version])
      const row = { ...content, ...committed, path: request.path, contentType, modifiedAt }
      return { answer: fileAnswer(row, bucket.name, strategy), created: committed.created, replayed: false }
    } finally {
      content.release()
    }
  }

  async #pagesOf(bucket: Bucket, { pages }: StoredContent, { session }: Pin, stripes: Promise<unknown>) {
    if (pages === null || pages.length <= 1) return pages
    await stripes
    for (const { page, entries } of pages) {
      if (entries !== null) await this.#catalog.write(commitPage, { session, bucket: bucket.id, page, entries })
    }
    return pages.map((page) => ({ ...page, entries: null }))
  }
}

/** A body whose beginning was read; in memory, where it ended there. */
interface Begun {
  readonly first: Uint8Array
  readonly body: Uint8Array | AsyncIterable<Uint8Array>
}

/** Decides by the first bytes of a body how it travels. */
function planOf(request: UploadRequest, bucket: Bucket, { first, body }: Begun): Plan {
  const { declared, sniffed } = contentTypeOf(request.contentType, first.subarray(0, SNIFF_BYTES))
  const size = body instanceof Uint8Array ? body.length : request.lengthBytes
  const strategy = chooseStrategy(bucket.policy, {
    path: request.path,
    type: sniffed,
    size,
    override: request.strategy,
  })
  return { bucket, body, contentType: declared ?? sniffed ?? null, strategy }
}

/** `onTaken` is called when nothing of the beginning is held here any more. */
async function begin(body: AsyncIterable<Uint8Array>, wantedBytes: number, onTaken: () => void): Promise<Begun> {
  const iterator = body[Symbol.asyncIterator]()
  const head: Uint8Array[] = []
  for (let headBytes = 0; headBytes <= wantedBytes; ) {
    const next = await iterator.next()
    if (next.done) {
      const whole = Buffer.concat(head)
      return { first: whole, body: whole }
    }
    head.push(next.value)
    headBytes += next.value.length
  }
  async function* all(): AsyncGenerator<Uint8Array> {
    try {
      for (let piece = head.shift(); piece !== undefined; piece = head.shift()) yield piece
      onTaken()
      for (let next = await iterator.next(); !next.done; next = await iterator.next()) yield next.value
    } finally {
      await iterator.return?.()
    }
  }
  return { first: Buffer.concat(head, SNIFF_BYTES), body: all() }
}

/** The answer of the request that completed this key, if this one carries the same body. */
async function replay(request: UploadRequest, claim: Extract<Claim, { done: true }>): Promise<UploadResult> {
  const { body } = request
  if ((await digest(body)) !== claim.bodySha256) throw idempotencyMismatch()
  const answered: CommitVersionResult & {
    size: number
    sha256: Sha256
    contentType: string | null
    modifiedAt: number
    strategy: Strategy
  } = JSON.parse(claim.answer)
  const row = { ...answered, path: request.path }
  return { answer: fileAnswer(row, request.bucket, answered.strategy), created: answered.created, replayed: true }
}

async function digest(body: Uint8Array | AsyncIterable<Uint8Array>): Promise<Sha256> {
  if (body instanceof Uint8Array) return asSha256(hash('sha256', body, 'hex'))
  const all = createHash('sha256')
  for await (const piece of body) all.update(piece)
  return asSha256(all.digest('hex'))
}
