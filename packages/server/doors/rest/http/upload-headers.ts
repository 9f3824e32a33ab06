/** What an upload says of itself in its headers, checked before a byte of its body is read. */

import type { IncomingHttpHeaders } from 'node:http'
import { HoldfastError } from '@holdfast/core/wire/errors.ts'
import { type Strategy, strategies } from '@holdfast/core/wire/strategy.ts'
import { FILE_BYTES_MAX } from '../../../files/streamed-bodies.ts'
import { CONTENT_TYPE_CHARACTERS_MAX, IDEMPOTENCY_KEY_CHARACTERS_MAX } from '../limits.ts'

const KEY = /^[\x21-\x7e]+$/
const TIME = /^\d{4}-\d\d-\d\d[Tt](?:[01]\d|2[0-3]):\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)$/
const TYPE = /^[\w!#$&^.+-]+\/[\w!#$&^.+-]+(\s*;[\x20-\x7e]*)?$/

/** @throws body_too_large */
export function contentLength(headers: IncomingHttpHeaders): number | undefined {
  const text = headers['content-length']
  if (text === undefined) return headers['transfer-encoding'] === undefined ? 0 : undefined
  const lengthBytes = Number(text)
  if (lengthBytes > FILE_BYTES_MAX) throw fileTooLarge()
  return lengthBytes
}

export function fileTooLarge(): HoldfastError {
  return new HoldfastError('body_too_large', `a file has at most ${FILE_BYTES_MAX} bytes`)
}

/** Contents are stored as they come, so what would have to be undone or put together first is refused. */
export function refuseEncodedOrPartial(headers: IncomingHttpHeaders): void {
  const encoding = headers['content-encoding']
  if (encoding !== undefined && encoding.toLowerCase() !== 'identity') {
    throw new HoldfastError('unsupported_media_type', `contents are sent without a Content-Encoding, not ${encoding}`)
  }
  if (headers['content-range'] !== undefined) {
    throw new HoldfastError('bad_request', 'a file is put whole, without Content-Range')
  }
}

/** @throws bad_request */
export function idempotencyKeyIn(headers: IncomingHttpHeaders): string | undefined {
  const key = headers['idempotency-key']
  if (key === undefined) return undefined
  if (typeof key !== 'string' || key.length > IDEMPOTENCY_KEY_CHARACTERS_MAX || !KEY.test(key)) {
    throw new HoldfastError(
      'bad_request',
      `Idempotency-Key has 1 to ${IDEMPOTENCY_KEY_CHARACTERS_MAX} visible ASCII characters`,
    )
  }
  return key
}

/** @throws bad_request */
export function strategyIn(headers: IncomingHttpHeaders): Strategy | undefined {
  const asked = headers['holdfast-strategy']
  if (asked === undefined) return undefined
  const strategy = strategies.find((each) => each === asked)
  if (strategy === undefined)
    throw new HoldfastError('bad_request', `Holdfast-Strategy is one of ${strategies.join(', ')}`)
  return strategy
}

/** Milliseconds since 1970. @throws bad_request */
export function modifiedAtIn(headers: IncomingHttpHeaders): number | undefined {
  const text = headers['holdfast-modified-at']
  if (text === undefined) return undefined
  const time = typeof text === 'string' && TIME.test(text) && isDay(text.slice(0, 10)) ? Date.parse(text) : Number.NaN
  if (Number.isNaN(time)) throw new HoldfastError('bad_request', 'Holdfast-Modified-At is an RFC 3339 time')
  return time
}

/** 2020-02-30 is none, which `Date.parse` would take for March 1st. */
function isDay(day: string): boolean {
  const time = Date.parse(day)
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(day)
}

/** A type that could not be sent back as it is counts as none: the file's first bytes say more. */
export function contentTypeIn(type: string | undefined): string | undefined {
  return type !== undefined && type.length <= CONTENT_TYPE_CHARACTERS_MAX && TYPE.test(type) ? type : undefined
}
