/**
 * A form with files, and what its fields say of them. Fields come before the files that they describe:
 *
 *     bucket=photos   path=2026/   file=a.jpg   file=b.jpg   path=cover.jpg   file=c.jpg
 *                                  2026/a.jpg   2026/b.jpg                    cover.jpg
 *
 * `bucket` stays for all files that follow. A `path` that ends with a slash is a folder and stays too; any other names the one next file.
 * A file without one goes by its own name, with the folders in it: pickers of folders send `trip/a.jpg`. In the field `path` every letter
 * means itself.
 */

import { HoldfastError } from '@holdfast/core/wire/errors.ts'
import { FORM_FIELD_BYTES_MAX, FORM_FIELDS_MAX, FORM_FILES_MAX } from '../limits.ts'
import type { FormPart } from '../multipart/form-parts.ts'

export interface FormFile {
  readonly bucket: string
  readonly path: string
  readonly contentType: string | undefined
  readonly contents: FormPart['contents']
  /** Why the name is not taken, where it is not. */
  readonly refusal: HoldfastError | undefined
}

const NO_FILES = 'a form has the fields bucket and path, and files with a name'
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Fields of a form as they were given so far. */
class Fields {
  #bucket: string | undefined
  #path: string | undefined
  #isUsed = true

  constructor(bucket: string | undefined) {
    this.#bucket = bucket
  }

  /** @throws bad_request */
  take(name: string, value: string): void {
    if (name === 'bucket') this.#bucket = value
    else if (name === 'path') this.#path = value
    else throw new HoldfastError('bad_request', `${NO_FILES}; not ${name}`)
    this.#isUsed = false
  }

  /** @throws bad_request */
  place({ filename, contentType, contents }: FormPart): FormFile {
    if (this.#bucket === undefined) throw new HoldfastError('bad_request', 'the field bucket comes before the files')
    const given = this.#path ?? ''
    const own = given === '' || given.endsWith('/') ? filename : undefined
    const path = given + (own?.text ?? '')
    if (!given.endsWith('/')) this.#path = undefined
    this.#isUsed = true
    return { bucket: this.#bucket, path, contentType, contents, refusal: own?.refusal }
  }

  /** A field that no file follows most likely came too late. @throws bad_request */
  end(): void {
    if (!this.#isUsed) throw new HoldfastError('bad_request', 'fields come before the files that they describe')
  }
}

/** What a reader leaves of a file is thrown away when the next one is asked for. @throws bad_request, limit_exceeded */
export async function* filesOf(parts: AsyncIterable<FormPart>, bucket?: string): AsyncGenerator<FormFile> {
  const fields = new Fields(bucket)
  let fieldsCount = 0
  let filesCount = 0
  for await (const part of parts) {
    if (part.filename !== undefined) {
      // Read to its end all the same, so that its sender gets to read what was stored.
      if (++filesCount <= FORM_FILES_MAX) yield fields.place(part)
    } else if (++fieldsCount > FORM_FIELDS_MAX) {
      throw tooMany(FORM_FIELDS_MAX, 'fields')
    } else {
      fields.take(part.name, await textOf(part))
    }
  }
  if (filesCount > FORM_FILES_MAX) throw tooMany(FORM_FILES_MAX, 'files')
  fields.end()
}

/** @throws limit_exceeded, bad_request */
async function textOf({ name, contents }: FormPart): Promise<string> {
  const pieces: Uint8Array[] = []
  let lengthBytes = 0
  for await (const piece of contents) {
    lengthBytes += piece.length
    if (lengthBytes > FORM_FIELD_BYTES_MAX) {
      throw new HoldfastError('limit_exceeded', `the field ${name} has at most ${FORM_FIELD_BYTES_MAX} bytes of text`)
    }
    pieces.push(piece)
  }
  try {
    return utf8.decode(Buffer.concat(pieces, lengthBytes))
  } catch (error) {
    throw new HoldfastError('bad_request', `the field ${name} is UTF-8`, { cause: error })
  }
}

function tooMany(limit: number, what: string): HoldfastError {
  const message = `a form has at most ${limit} ${what}: send those that were not stored in further forms`
  return new HoldfastError('limit_exceeded', message)
}
