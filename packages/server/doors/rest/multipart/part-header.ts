/**
 * What a part of a form says of itself before its contents (RFC 7578, 4.2):
 *
 *     Content-Disposition: form-data; name="file"; filename="a.jpg"
 *     Content-Type: image/jpeg
 *
 * One with a file name is a file, any other a field. Headers that would change what the contents are, or whose meaning we do not know, are
 * refused; those that say nothing about the contents are passed over.
 */
import { HoldfastError } from '@holdfast/core/wire/errors.ts'
import { FORM_PART_HEADER_BYTES_MAX, FORM_PART_HEADERS_MAX } from '../limits.ts'
import { type FormBytes, notWellFormed } from './form-bytes.ts'
import { type FormName, formName } from './form-name.ts'

export interface PartHeader {
  readonly name: string
  /** Undefined: it is a field. */
  readonly filename: FormName | undefined
  readonly contentType: string | undefined
}

const HEADER = /^([\w!#$%&'*+\-.^`|~]+):[ \t]*([\t\x20-\x7e\x80-\xff]*)$/
const DISPOSITION = /^form-data[ \t]*(?=;|$)/i
/** A quote that nothing but a further parameter follows ends the value. */
const PARAMETER = /;[ \t]*([^\s=;"]+)=(?:"((?:\\"|[^"])*?)"|([^\s;"]+))[ \t]*(?=;|$)/y
/** Encodings that leave the contents as they are. */
const AS_IT_IS = /^(?:binary|8bit|7bit)$/i

/** @throws bad_request, limit_exceeded */
export async function partHeader(bytes: FormBytes): Promise<PartHeader> {
  const headers = await headersOf(bytes)
  const { name, filename } = parametersOf(headers.get('content-disposition') ?? '')
  if (name === undefined || name === '') throw notWellFormed('each part has a Content-Disposition: form-data; name="…"')
  const { text, refusal } = formName(name)
  if (refusal !== undefined) throw refusal
  const encoding = headers.get('content-transfer-encoding')
  if (encoding !== undefined && !AS_IT_IS.test(encoding)) {
    throw new HoldfastError('bad_request', `a part is sent as it is, without Content-Transfer-Encoding: ${encoding}`)
  }
  return {
    name: text,
    filename: filename === undefined ? undefined : formName(filename),
    contentType: headers.get('content-type'),
  }
}

async function headersOf(bytes: FormBytes): Promise<Map<string, string>> {
  const headers = new Map<string, string>()
  let left = FORM_PART_HEADER_BYTES_MAX
  for (let count = 0; ; count++) {
    const line = await bytes.line(left)
    if (line === undefined) {
      throw new HoldfastError(
        'limit_exceeded',
        `the headers of a part have at most ${FORM_PART_HEADER_BYTES_MAX} bytes`,
      )
    }
    if (line === '') return headers
    left -= line.length
    if (count === FORM_PART_HEADERS_MAX) {
      throw new HoldfastError('limit_exceeded', `a part has at most ${FORM_PART_HEADERS_MAX} headers`)
    }
    const [, name, value] = HEADER.exec(line) ?? []
    if (name === undefined || value === undefined) {
      throw notWellFormed('a header of a part is one line, with a colon behind its name and CR LF at its end')
    }
    const key = name.toLowerCase()
    if (headers.has(key)) throw notWellFormed(`a part has one ${name}`)
    headers.set(key, value.trimEnd())
  }
}

/** As they stand there, a letter per byte. */
function parametersOf(disposition: string): { readonly name?: string; readonly filename?: string } {
  const type = DISPOSITION.exec(disposition)
  if (type === null) return {}
  const found = new Map<string, string>()
  PARAMETER.lastIndex = type[0].length
  while (PARAMETER.lastIndex < disposition.length) {
    const [, given = '', quoted, plain = ''] = PARAMETER.exec(disposition) ?? []
    const name = given.toLowerCase()
    if (name === '')
      throw notWellFormed('a value in Content-Disposition stands between quotes, and a quote in it is %22')
    if (name === 'filename*') {
      throw new HoldfastError(
        'bad_request',
        'a form names a file by filename="…" in UTF-8, never by filename* (RFC 7578, 4.2)',
      )
    }
    if ((name !== 'name' && name !== 'filename') || found.has(name)) {
      throw notWellFormed(`a part's Content-Disposition has one name and one filename, and no further ${given}`)
    }
    found.set(name, quoted ?? plain)
  }
  return Object.fromEntries(found)
}
