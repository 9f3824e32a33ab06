/**
 * The bytes of a form, taken as contents up to a *boundary line*, or line by line. They come in pieces that may be cut anywhere.
 *
 *     preamble\r\n--XX\r\nheader: value\r\n\r\ncontents\r\n--XX--\r\nepilogue
 *             └ mark ┘└ its end                      └ mark ┘└ its end, which says that it is the last
 *
 * The line end before a boundary belongs to it. A boundary also stands where there are no contents before it: at the beginning of the
 * form, and right behind the headers. So the line end that was passed last stays in front of what is held, and only counts as passed.
 *
 * A client picks a boundary that its contents do not hold. Whatever nearly is a boundary line, one behind a raw line feed for example, is
 * therefore a fault of the client, and refused: taken for contents, it would silently swallow the parts behind it.
 */
import { HoldfastError } from '@holdfast/core/wire/errors.ts'

const CR = 0x0d
const LF = 0x0a
const LINE_END = '\r\n'
/** What may stand between a boundary and the end of its line. */
const BOUNDARY_END_BYTES_MAX = 64
const LAST = /^--[ \t]*$/
const BLANK = /^[ \t]*$/

export class FormBytes {
  readonly #source: AsyncIterator<Uint8Array>
  /** How a boundary line begins, but for the CR before it. */
  readonly #mark: Buffer
  /** A form begins as if a line had just ended. */
  #held: Buffer = Buffer.from(LINE_END)
  #passedBytes = LINE_END.length
  #isEnded = false

  constructor(source: AsyncIterator<Uint8Array>, boundary: string) {
    this.#source = source
    this.#mark = Buffer.from(`\n--${boundary}`)
  }

  /** The next bytes of contents, at least one; or that a boundary line is next, or nothing at all. @throws bad_request */
  async contents(): Promise<Buffer | 'boundary' | 'end'> {
    for (;;) {
      const at = this.#held.indexOf(this.#mark)
      if (at !== -1 && this.#held[at - 1] !== CR)
        throw notWellFormed('a line that begins with the boundary follows CR LF')
      const end = at === -1 ? this.#held.length - undecidedBytes(this.#held, this.#mark) : at - 1
      if (end > 0) {
        const piece = this.#held.subarray(this.#passedBytes, end)
        this.#held = this.#held.subarray(end)
        this.#passedBytes = 0
        if (piece.length > 0) return piece
      } else if (at !== -1) return 'boundary'
      else if (!(await this.#more())) return 'end'
    }
  }

  /** Takes the boundary line that is next, and says whether it is the last one. @throws bad_request */
  async boundary(): Promise<'part' | 'last'> {
    this.#passedBytes = 1 + this.#mark.length
    const line = await this.#line(BOUNDARY_END_BYTES_MAX)
    if (line === undefined && this.#isEnded) {
      if (!LAST.test(this.#held.toString('latin1', this.#passedBytes))) throw endedTooEarly()
      this.#held = this.#held.subarray(this.#held.length)
      return 'last'
    }
    if (line !== undefined && LAST.test(line)) return 'last'
    if (line !== undefined && BLANK.test(line)) return 'part'
    throw notWellFormed(
      'a line that begins with the boundary holds nothing else but -- where it is the last, and ends with CR LF',
    )
  }

  /** The next line without its end, a letter per byte; undefined where it is longer than that. @throws bad_request */
  async line(bytesMax: number): Promise<string | undefined> {
    const line = await this.#line(bytesMax)
    if (line === undefined && this.#isEnded) throw endedTooEarly()
    if (line?.startsWith(this.#mark.toString('latin1', 1)))
      throw notWellFormed('a boundary stands among the headers of a part')
    return line
  }

  /** Undefined where the form ends before the line, or it is too long. */
  async #line(bytesMax: number): Promise<string | undefined> {
    for (;;) {
      const at = this.#held.indexOf(LINE_END, this.#passedBytes)
      if (at !== -1 && at - this.#passedBytes <= bytesMax) {
        const line = this.#held.toString('latin1', this.#passedBytes, at)
        this.#held = this.#held.subarray(at)
        this.#passedBytes = LINE_END.length
        return line
      }
      // One more, which may be the first half of its end.
      if (this.#held.length - this.#passedBytes > bytesMax + 1) return undefined
      if (!(await this.#more())) return undefined
    }
  }

  async #more(): Promise<boolean> {
    const { done, value } = await this.#source.next()
    if (done) {
      this.#isEnded = true
      return false
    }
    const piece = Buffer.from(value.buffer, value.byteOffset, value.length)
    this.#held = this.#held.length === 0 ? piece : Buffer.concat([this.#held, piece])
    return true
  }
}

/** How many bytes at the end may turn out to begin a boundary line: of the mark there is one line feed, so that it is the last one. */
function undecidedBytes(bytes: Buffer, mark: Buffer): number {
  const tail = bytes.subarray(-(mark.length - 1))
  const from = tail.lastIndexOf(LF)
  const begun = from === -1 ? tail.subarray(tail.length) : tail.subarray(from)
  const isBegun = mark.subarray(0, begun.length).equals(begun)
  const count = isBegun ? begun.length : 0
  return bytes[bytes.length - 1 - count] === CR ? count + 1 : count
}

export function notWellFormed(why: string): HoldfastError {
  return new HoldfastError('bad_request', `the form is not well formed: ${why}`)
}

export function endedTooEarly(): HoldfastError {
  return new HoldfastError('bad_request', 'the form ended before its last boundary')
}
