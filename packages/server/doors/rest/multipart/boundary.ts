/** The text between the parts of a form, which its Content-Type names (RFC 2046, 5.1.1). */
import { HoldfastError } from '@holdfast/core/wire/errors.ts'

const FORM = /^multipart\/form-data[ \t]*(?:;|$)/i
const GIVEN = /;[ \t]*boundary=(?:"([^"]*)"|([^\s;"]*))/gi
const BOUNDARY = /^[\w'()+,\-./:=? ]{0,69}[\w'()+,\-./:=?]$/

/** Undefined where it is no form's type. @throws bad_request */
export function boundaryIn(contentType: string | undefined): string | undefined {
  if (contentType === undefined || !FORM.test(contentType)) return undefined
  const given = [...contentType.matchAll(GIVEN)].map(([, quoted, plain]) => quoted ?? plain ?? '')
  const [boundary = ''] = given
  if (given.length === 1 && BOUNDARY.test(boundary)) return boundary
  throw new HoldfastError(
    'bad_request',
    "a form's Content-Type names one boundary, of 1 to 70 letters that RFC 2046 allows",
  )
}
