/** Everything that was thrown, as a problem. What nobody expected tells nothing of the inside, and is logged instead. */
import { type ErrorCode, HoldfastError, statusOf } from '@holdfast/core/wire/errors.ts'
import {
  INTERNAL_ERROR,
  INTERNAL_ERROR_TITLE,
  type Problem,
  problemTitles,
  problemType,
} from '@holdfast/core/wire/rest/problem.ts'
import { JSON_BODY_BYTES_MAX, RETRY_AFTER_SECONDS } from '../limits.ts'
import { ValidationError } from './validation.ts'

const PROBLEM_TYPE = 'application/problem+json'

/** Has a status of its own (RFC 6585). */
export class HeadersTooLargeError extends HoldfastError {
  static readonly status = 431

  constructor(message: string) {
    super('limit_exceeded', message)
  }
}

/** What fastify refuses by itself, in our words. */
const FOREIGN: Readonly<Record<string, readonly [ErrorCode, string]>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: ['body_too_large', `a JSON body has at most ${JSON_BODY_BYTES_MAX} bytes`],
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: ['bad_request', 'the body is not as long as Content-Length says'],
  FST_ERR_CTP_INVALID_JSON_BODY: ['bad_request', 'the body is not JSON'],
  FST_ERR_BAD_URL: ['bad_request', 'the path is valid UTF-8, percent-encoded'],
}

/** The error as one of ours; undefined where it is a bug. */
export function expected(error: unknown): HoldfastError | undefined {
  if (error instanceof HoldfastError) return error
  const code = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : ''
  const foreign = FOREIGN[code]
  return foreign && new HoldfastError(foreign[0], foreign[1], { cause: error })
}

export function problemOf(error: HoldfastError | undefined, requestId: string): Problem {
  if (error === undefined) {
    const detail = 'The server has logged what happened under this request id.'
    return {
      type: problemType(INTERNAL_ERROR),
      title: INTERNAL_ERROR_TITLE,
      status: 500,
      detail,
      code: INTERNAL_ERROR,
      requestId,
    }
  }
  const { code, message: detail, details } = error
  return {
    type: problemType(code),
    title: problemTitles[code],
    status: error instanceof HeadersTooLargeError ? HeadersTooLargeError.status : statusOf[code],
    detail,
    code,
    requestId,
    ...(error instanceof ValidationError && { errors: [...error.places] }),
    ...(Object.keys(details).length > 0 && { details }),
  }
}

/** What a problem says in headers, beside its body. */
export function problemHeaders({ status, code, details }: Problem): Record<string, string> {
  return {
    'content-type': PROBLEM_TYPE,
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    ...(status === 401 && { 'www-authenticate': 'Bearer realm="holdfast"' }),
    ...(status === 408 && { connection: 'close' }),
    ...(status === 503 && { 'retry-after': String(RETRY_AFTER_SECONDS) }),
    ...(code === 'range_not_satisfiable' && { 'content-range': `bytes */${details?.['size']}` }),
    ...(code === 'method_not_allowed' && { allow: String(details?.['allow']) }),
    ...(code === 'unsupported_media_type' && { 'accept-encoding': 'identity' }),
  }
}
