import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { hasCode } from '@holdfast/core/wire/errors.ts'
import fc from 'fast-check'
import { FORM_MARGIN_BYTES_MAX, FORM_PART_HEADER_BYTES_MAX, FORM_PART_HEADERS_MAX } from '../limits.ts'
import { formParts } from './form-parts.ts'
import { type PlainForm, type PlainPart, plainForm } from './plain-form.test-support.ts'

const FIELD = 'Content-Disposition: form-data; name="a"\r\n\r\n'
const FILE = 'Content-Disposition: form-data; name="a"; filename="f"\r\n\r\n'

/** Cut before each of the positions. */
async function* pieces(bytes: Buffer, cuts: readonly number[]): AsyncGenerator<Uint8Array> {
  const ends = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].sort((a, b) => a - b)
  let from = 0
  for (const end of [...ends, bytes.length]) {
    yield bytes.subarray(from, end)
    from = end
  }
}

interface Read extends PlainForm {
  readonly why: unknown
}

/** Parts whose contents were read to their end. */
async function read(text: string, { boundary = 'XX', cuts = [] as readonly number[] } = {}): Promise<Read> {
  const parts: PlainPart[] = []
  try {
    for await (const { name, filename, contents } of formParts(pieces(Buffer.from(text, 'latin1'), cuts), boundary)) {
      const found: Uint8Array[] = []
      for await (const piece of contents) {
        assert.ok(piece.length > 0)
        found.push(piece)
      }
      parts.push({ name, filename: filename?.text, contents: Buffer.concat(found).toString('latin1') })
    }
    return { parts, isWhole: true, why: undefined }
  } catch (why) {
    assert.ok(hasCode(why, 'bad_request') || hasCode(why, 'limit_exceeded'), String(why))
    return { parts, isWhole: false, why }
  }
}

const positions = fc.array(fc.nat({ max: 4000 }), { maxLength: 40 })
const boundaries = fc.constantFrom('XX', '-', '----WebKitFormBoundaryAbC', "a:b'(x y)")
/** Contents that nearly hold boundaries, but never one at the beginning of a line. */
const nearly = (boundary: string) =>
  fc
    .array(
      fc.oneof(
        fc.constantFrom(
          '\r',
          '\n',
          '\r\n',
          '-',
          '--',
          boundary,
          `\r\n--${boundary.slice(0, -1)}`,
          `--${boundary}`,
          '\0',
          '\xff',
        ),
        fc.uint8Array({ maxLength: 30 }).map((bytes) => Buffer.from(bytes).toString('latin1')),
      ),
      { maxLength: 20 },
    )
    .map((tokens) => tokens.join(''))
    .filter((contents) => !`\n${contents}`.includes(`\n--${boundary}`))

const forms = boundaries.chain((boundary) =>
  fc.record({
    boundary: fc.constant(boundary),
    cuts: positions,
    preamble: nearly(boundary),
    epilogue: nearly(boundary),
    parts: fc.array(
      fc.record({
        name: fc.stringMatching(/^[a-z ;=%]{1,9}$/),
        filename: fc.option(fc.stringMatching(/^[a-z ;=/:*]{0,9}$/), { nil: undefined }),
        contents: nearly(boundary),
      }),
      { maxLength: 4 },
    ),
  }),
)

type Form = typeof forms extends fc.Arbitrary<infer Each> ? Each : never

function textOf({ boundary, preamble, epilogue, parts }: Form): string {
  const sent = parts.map(({ name, filename, contents }) => {
    const file = filename === undefined ? '' : `; filename="${filename}"\r\nContent-Type: image/png`
    return `\r\n--${boundary}\r\nContent-Disposition: form-data; name="${name}"${file}\r\n\r\n${contents}`
  })
  return `${preamble}${sent.join('')}\r\n--${boundary}--\r\n${epilogue}`
}

/** What gives a form its shape, in any order. */
const soups = fc
  .array(
    fc.constantFrom(
      '\r\n',
      '\r\n--XX',
      '\r\n--XX--',
      `--XX\r\n${FIELD}`,
      `\r\n--XX\r\n${FILE}`,
      `\r\n--XX\r\n${FIELD}`,
      FIELD,
      '--XX',
      '--X',
      '--',
      '\n',
      '\r',
      ' ',
      'x',
      'x: y\r\n',
    ),
    { maxLength: 14 },
  )
  .map((tokens) => tokens.join(''))

describe('the parts of a form', () => {
  it('come out as they went in, wherever it is cut', async () => {
    await fc.assert(
      fc.asyncProperty(forms, async (form) => {
        const { parts, isWhole } = await read(textOf(form), form)
        assert.ok(isWhole)
        assert.deepEqual(
          parts,
          form.parts.map((part) => ({ ...part })),
        )
      }),
      { numRuns: 300 },
    )
  })

  it('are those that a plain reader finds, and broken is what it finds broken', async () => {
    let whole = 0
    await fc.assert(
      fc.asyncProperty(soups, positions, async (text, cuts) => {
        const { parts, isWhole } = await read(text, { cuts })
        assert.deepEqual({ parts, isWhole }, plainForm(text, 'XX'))
        if (isWhole && parts.length > 0) whole++
      }),
      { numRuns: 5000 },
    )
    assert.ok(whole > 50, `only ${whole} were whole`)
  })

  it('control: a reader that looks for boundaries in each piece by itself is found out', async () => {
    const byPiece = async ({ boundary, cuts, ...form }: Form) => {
      const text = textOf({ boundary, cuts, ...form })
      let count = 0
      for await (const piece of pieces(Buffer.from(text, 'latin1'), cuts)) {
        count += Buffer.from(piece).toString('latin1').split(`\r\n--${boundary}\r\n`).length - 1
      }
      return count === form.parts.length
    }
    const { failed } = await fc.check(fc.asyncProperty(forms, byPiece), { numRuns: 300 })
    assert.ok(failed)
  })

  it('are read in one byte a piece', async () => {
    const text = `--XX\r\n${FILE}a\r\n--X\r\n--XX  \r\n${FIELD}\r\n--XX--`
    const cuts = Array.from({ length: text.length }, (_, index) => index)
    assert.deepEqual((await read(text, { cuts })).parts, [
      { name: 'a', filename: 'f', contents: 'a\r\n--X' },
      { name: 'a', filename: undefined, contents: '' },
    ])
  })

  it('are whole only when the form goes on as it must: what it breaks at is not handed out to its end', async () => {
    for (const [behind, why] of [
      ['', /ended before its last boundary/],
      ['\r\n--X', /ended before its last boundary/],
      ['\r\n--XX', /ended before its last boundary/],
      ['\r\n--XX-', /ended before its last boundary/],
      ['\r\n--XXa\r\n', /a line that begins with the boundary/],
      ['\r\n--XX-\r\n', /a line that begins with the boundary/],
      ['\r\n--XX\n', /a line that begins with the boundary|ended/],
      [`\n--XX\r\n${FIELD}`, /CR LF/],
      [`\r\n--XX--\r\n--XX\r\n${FIELD}`, /behind the last/],
      [`\r\n--XX--\r\n${'x'.repeat(FORM_MARGIN_BYTES_MAX + 1)}`, /at most 8192 bytes before its first/],
      [`\r\n--XX${' '.repeat(100)}\r\n`, /a line that begins with the boundary/],
    ] as const) {
      const { parts, isWhole, why: thrown } = await read(`--XX\r\n${FILE}contents${behind}`)
      assert.deepEqual({ parts, isWhole }, { parts: [], isWhole: false }, JSON.stringify(behind))
      assert.match(String(thrown), why)
    }
  })

  it('have lines that end with CR LF: none is dropped or swallowed where they do not', async () => {
    const text = `--XX\r\n${FIELD}x\r\n--XX\r\n${FILE}y\r\n--XX--\r\n`
    assert.equal((await read(text)).parts.length, 2)
    assert.equal((await read(text.replaceAll('\r\n', '\n'))).isWhole, false)
    for (let at = text.indexOf('\r\n'); at !== -1 && at < text.length - 2; at = text.indexOf('\r\n', at + 1)) {
      const { isWhole, parts } = await read(`${text.slice(0, at)}\n${text.slice(at + 2)}`)
      assert.ok(!isWhole || parts.length === 2, JSON.stringify(text.slice(at)))
    }
  })

  it('have headers within limits, each of which is named', async () => {
    const of = (headers: string) => read(`--XX\r\n${headers}${FIELD}x\r\n--XX--`)
    const header = (length: number) => `x: ${'y'.repeat(length - 3)}\r\n`
    const own = FIELD.trim().length
    assert.ok((await of(header(FORM_PART_HEADER_BYTES_MAX - own))).isWhole)
    assert.match(String((await of(header(FORM_PART_HEADER_BYTES_MAX - own + 1))).why), /at most 8192 bytes/)
    assert.match(String((await of(header(1_000_000))).why), /at most 8192 bytes/)
    const many = (count: number) => Array.from({ length: count }, (_, index) => `x${index}: y\r\n`).join('')
    assert.ok((await of(many(FORM_PART_HEADERS_MAX - 1))).isWhole)
    assert.match(String((await of(many(FORM_PART_HEADERS_MAX))).why), /at most 16 headers/)
  })

  it('are read only as far as they are asked for, and what is left of one is passed over', async () => {
    const mebibyte = Buffer.alloc(1024 * 1024, 'x')
    let asked = 0
    async function* source(): AsyncGenerator<Uint8Array> {
      yield Buffer.from(`--XX\r\n${FILE}`)
      for (; asked < 50; asked++) yield mebibyte
      yield Buffer.from(`\r\n--XX\r\n${FILE}next\r\n--XX--`)
    }
    const parts = formParts(source(), 'XX')
    const first = (await parts.next()).value
    assert.ok(first !== undefined)
    for await (const _piece of first.contents) if (asked === 3) break
    assert.equal(asked, 3)
    const second = (await parts.next()).value
    assert.equal(asked, 50)
    assert.equal(Buffer.from((await second?.contents.next())?.value ?? []).toString(), 'next')
    assert.equal((await first.contents.next()).done, true)
  })
})
