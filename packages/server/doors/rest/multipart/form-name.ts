/**
 * The name of a part or a file as it stands between quotes, where clients disagree. All write a line end as %0D and %0A, which is
 * undone; the rest has two readings:
 *
 *     plain     browsers, curl:            a quote is %22, a backslash is one           a%22b\c
 *     escaped   curl --form-escape, Go:    both stand behind a backslash                a\"b\\c
 *
 * A name that has one reading is taken by it. One that has two different ones is refused, because the wrong one is another file's name.
 */
import { HoldfastError } from '@holdfast/core/wire/errors.ts'

export interface FormName {
  /** For a refused name, only to be shown. */
  readonly text: string
  readonly refusal: HoldfastError | undefined
}

const ESCAPED = /^(?:[^\\]|\\[\\"])*$/
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** `letters`: a letter per byte. */
export function formName(letters: string): FormName {
  const shown = Buffer.from(letters, 'latin1')
  const isEscaped = ESCAPED.test(letters)
  const isPlain = !letters.includes('"')
  if (letters.includes('\\') && isEscaped === isPlain) {
    const why =
      'a name in a form that has two backslashes in a row may mean one or two, and a quote stands behind one or is %22; the value of the field path may hold both as they are'
    return refused(shown, why)
  }
  const read = isEscaped ? letters.replaceAll(/\\([\\"])/g, '$1') : letters
  const bytes = Buffer.from(read.replaceAll(/%0A|%0D|%22/g, decodeURIComponent), 'latin1')
  try {
    return { text: utf8.decode(bytes), refusal: undefined }
  } catch {
    return refused(shown, 'a name in a form is UTF-8')
  }
}

function refused(shown: Buffer, why: string): FormName {
  return { text: shown.toString(), refusal: new HoldfastError('bad_request', why) }
}
