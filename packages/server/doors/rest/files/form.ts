/**
 * A form with files (multipart/form-data), read part by part. Fields come before the files that they describe:
 *
 *     bucket=photos   path=2026/   file=a.jpg   file=b.jpg   path=cover.jpg   file=c.jpg
 *                                  2026/a.jpg   2026/b.jpg                    cover.jpg
 *
 * `bucket` stays for all files that follow. A `path` that ends with a slash is a folder and stays too; any other names the one next file.
 * A file without one goes by its own name, with the folders in it: pickers of folders send `trip/a.jpg`.
 *
 * Clients write a line end in a name as %0D and %0A and a quote as %22, and disagree on a backslash, with which some escape. So those three
 * are decoded, and a name with a backslash, or a quote behind one, is refused; in the field `path` every letter means itself. The
 * parser hands over bytes that are not UTF-8 as U+FFFD: whatever holds that is refused too, or different files would get one name.
 */

import type { Multipart, MultipartFile } from '@fastify/multipart'
import { HoldfastError } from '@holdfast/core/wire/errors.ts'
import type { FastifyRequest } from 'fastify'
import type { Bodies } from '../http/bodies.ts'
import type { WatchedBody } from '../http/body-pace.ts'
import { FORM_FIELD_BYTES_MAX } from '../limits.ts'

export interface FormFile {
  readonly bucket: string
  readonly path: string
  readonly part: MultipartFile
  /** Why the name is not taken, where it is not. */
  readonly refusal: HoldfastError | undefined
}

const ESCAPED = /%0A|%0D|%22/g

function refusalOf(path: string, own: string): HoldfastError | undefined {
  if (path.includes('\ufffd')) return new HoldfastError('bad_request', 'a name in a form is UTF-8, without U+FFFD')
  if (!/[\\"]/.test(own)) return undefined
  return new HoldfastError(
    'bad_request',
    "a file's own name in a form has no backslash, and a quote only as %22; the field path before it may hold both",
  )
}

/** Fields of a form as they were given so far. */
class Fields {
  #bucket: string | undefined
  #path: string | undefined
  #isUsed = true

  constructor(bucket: string | undefined) {
    this.#bucket = bucket
  }

  /** @throws bad_request */
  take(name: string, value: unknown, isTruncated: boolean): void {
    if (isTruncated || typeof value !== 'string') {
      throw new HoldfastError('limit_exceeded', `the field ${name} has at most ${FORM_FIELD_BYTES_MAX} bytes of text`)
    }
    if (name === 'bucket') this.#bucket = value
    else if (name === 'path') this.#path = value
    else
      throw new HoldfastError(
        'bad_request',
        `a form has the fields bucket and path, and files with a name; not ${name}`,
      )
    this.#isUsed = false
  }

  /** @throws bad_request */
  place(part: MultipartFile): FormFile {
    if (this.#bucket === undefined) throw new HoldfastError('bad_request', 'the field bucket comes before the files')
    const given = this.#path ?? ''
    const own = given === '' || given.endsWith('/') ? (part.filename ?? '') : ''
    const path = given + own.replaceAll(ESCAPED, decodeURIComponent)
    if (!given.endsWith('/')) this.#path = undefined
    this.#isUsed = true
    return { bucket: this.#bucket, path, part, refusal: refusalOf(path, own) }
  }

  /** A field that no file follows most likely came too late. @throws bad_request */
  end(): void {
    if (!this.#isUsed) throw new HoldfastError('bad_request', 'fields come before the files that they describe')
  }
}

/** Each file must be read to its end, or drained, before the next one comes. @throws bad_request, limit_exceeded, body_too_slow */
export async function* filesOf(request: FastifyRequest, bodies: Bodies, bucket?: string): AsyncGenerator<FormFile> {
  const fields = new Fields(bucket)
  const pace = new FormPace(request)
  bodies.pace.watch(pace)
  const parts = request.parts({ preservePath: true })
  try {
    for (;;) {
      const next = await Promise.race([parts.next(), pace.failed])
      if (next.done) break
      const part: Multipart = next.value
      if (part.type === 'field') {
        fields.take(part.fieldname, part.value, part.fieldnameTruncated || part.valueTruncated)
      } else {
        pace.part = part
        yield fields.place(part)
      }
    }
    fields.end()
  } catch (error) {
    throw formError(error)
  } finally {
    bodies.pace.unwatch(pace)
    pace.stop()
  }
}

/** A form that stands still fails the file that is being read, and whoever waits for the next part. */
class FormPace implements WatchedBody {
  readonly #request: FastifyRequest
  readonly #deferred = Promise.withResolvers<never>()
  receivedBytes = 0
  part: MultipartFile | undefined

  constructor(request: FastifyRequest) {
    this.#request = request
    request.raw.on('data', this.#onData)
    // Nobody may be waiting when it fails.
    this.#deferred.promise.catch(() => {})
  }

  get failed(): Promise<never> {
    return this.#deferred.promise
  }

  isWaiting(): boolean {
    return !this.#request.raw.isPaused()
  }

  fail(error: HoldfastError): void {
    this.#deferred.reject(error)
    this.part?.file.destroy(error)
  }

  stop(): void {
    this.#request.raw.off('data', this.#onData)
  }

  readonly #onData = (piece: Buffer): void => {
    this.receivedBytes += piece.length
  }
}

/** What the form's parser says without a code of its own. */
function formError(error: unknown): unknown {
  const isParsers =
    error instanceof Error && !('code' in error) && /multipart|part terminated|malformed/i.test(error.message)
  return isParsers
    ? new HoldfastError('bad_request', 'the form is not well formed, or ended too early', { cause: error })
    : error
}
