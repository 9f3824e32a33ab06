/**
 * Reads a form (multipart/form-data: RFC 7578, RFC 2046) part by part, as far as its parts are asked for: while nobody asks, nothing is
 * read. A part's contents end only when the line behind them was understood, and those of the last part when the whole form was, so
 * that whoever stores them never stores what belongs to a form that is cut or broken there.
 */
import { HoldfastError } from '@holdfast/core/wire/errors.ts'
import { FORM_MARGIN_BYTES_MAX } from '../limits.ts'
import { endedTooEarly, FormBytes, notWellFormed } from './form-bytes.ts'
import { type PartHeader, partHeader } from './part-header.ts'

export interface FormPart extends PartHeader {
  /** For one reader. What it leaves is read and thrown away when the next part is asked for. */
  readonly contents: AsyncIterableIterator<Uint8Array, undefined>
}

/** @throws bad_request, limit_exceeded, and what its source throws */
export async function* formParts(source: AsyncIterator<Uint8Array>, boundary: string): AsyncGenerator<FormPart> {
  const bytes = new FormBytes(source, boundary)
  if ((await skipMargin(bytes)) === 'end') throw notWellFormed('the boundary that its Content-Type names is not in it')
  let next = await nextPart(bytes)
  while (next === 'part') {
    const contents = new PartContents(bytes)
    yield { ...(await partHeader(bytes)), contents }
    next = await contents.drain()
  }
}

class PartContents implements AsyncIterableIterator<Uint8Array, undefined> {
  readonly #bytes: FormBytes
  #behind: 'part' | 'last' | undefined
  #isLeft = false

  constructor(bytes: FormBytes) {
    this.#bytes = bytes
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  async next(): Promise<IteratorResult<Uint8Array, undefined>> {
    const value = this.#isLeft ? undefined : await this.#read()
    return value === undefined ? { done: true, value } : { done: false, value }
  }

  async return(): Promise<IteratorResult<Uint8Array, undefined>> {
    this.#isLeft = true
    return { done: true, value: undefined }
  }

  /** Throws away what is left of them, and says what is behind. */
  async drain(): Promise<'part' | 'last'> {
    this.#isLeft = true
    while (this.#behind === undefined) await this.#read()
    return this.#behind
  }

  async #read(): Promise<Uint8Array | undefined> {
    if (this.#behind !== undefined) return undefined
    const found = await this.#bytes.contents()
    if (found === 'end') throw endedTooEarly()
    if (found !== 'boundary') return found
    this.#behind = await nextPart(this.#bytes)
    return undefined
  }
}

async function nextPart(bytes: FormBytes): Promise<'part' | 'last'> {
  const next = await bytes.boundary()
  if (next === 'last' && (await skipMargin(bytes)) === 'boundary') {
    throw notWellFormed('a boundary stands behind the last one')
  }
  return next
}

/** What stands before the first boundary and behind the last one means nothing. */
async function skipMargin(bytes: FormBytes): Promise<'boundary' | 'end'> {
  for (let skippedBytes = 0; skippedBytes <= FORM_MARGIN_BYTES_MAX; ) {
    const found = await bytes.contents()
    if (typeof found === 'string') return found
    skippedBytes += found.length
  }
  const where = 'before its first boundary, and behind its last'
  throw new HoldfastError('limit_exceeded', `a form has at most ${FORM_MARGIN_BYTES_MAX} bytes ${where}`)
}
