/**
 * A file's contents as an HTTP answer: which of its headers, whether the client has it already, which part of it, and its bytes.
 * What users stored is never shown as a page of ours: it goes out as an attachment, of the type it was stored as, in a sandbox.
 */

import type { IncomingMessage } from 'node:http'
import { assert } from '@holdfast/core/wire/assert.ts'
import { HoldfastError } from '@holdfast/core/wire/errors.ts'
import { asId, type Id } from '@holdfast/core/wire/ids.ts'
import { names } from '@holdfast/core/wire/preconditions.ts'
import { contentsQuery } from '@holdfast/core/wire/rest/file.ts'
import type { ByteRange } from '../../../files/downloads.ts'
import { attachment } from '../http/content-disposition.ts'
import { entityTag, preconditionsOf } from '../http/preconditions.ts'
import { rangeIn } from '../http/range.ts'
import { reprDigest } from '../http/repr-digest.ts'
import { queryValues } from '../http/url.ts'
import { validated } from '../http/validation.ts'

export const CONDITIONS = {
  'If-Match': 'Answer 412 where the version is none of these',
  'If-None-Match': 'Answer 304 where the version is one of these',
}

export const CONDITIONS_AND_RANGES = {
  ...CONDITIONS,
  Range: 'One range of bytes, such as bytes=0-99',
  'If-Range': 'Only of this version; the whole file of any other',
}

/** What is asked for: a version of what lies at a path. */
export interface Representation {
  readonly path: string
  readonly version: Id
  readonly size: number
  readonly sha256: string
  readonly contentType: string | null
  readonly modifiedAtMs: number
}

/** How to answer: with everything, a part, or only that nothing changed. */
export interface Selection {
  readonly status: 200 | 206 | 304
  readonly range: ByteRange | undefined
}

export function versionAsked({ url }: IncomingMessage): Id | undefined {
  if (url === undefined || !url.includes('?')) return undefined
  const { version } = validated(contentsQuery, queryValues(url), 'query')
  return version === undefined ? undefined : asId(version)
}

/** In the order of RFC 9110, 13.2.2. @throws precondition_failed, range_not_satisfiable */
export function select({ method, headers }: IncomingMessage, { version, size }: Representation): Selection {
  const { ifMatch, ifNoneMatch } = preconditionsOf(headers)
  if (ifMatch !== undefined && !names(ifMatch, version)) {
    throw new HoldfastError('precondition_failed', 'the file is not in a version that If-Match names')
  }
  if (ifNoneMatch !== undefined && names(ifNoneMatch, version)) return { status: 304, range: undefined }
  const ifRange = headers['if-range']
  // A date is no strong validator here, and another tag means another version: the whole file then. HEAD has no ranges.
  if (method !== 'GET' || headers.range === undefined || (ifRange !== undefined && ifRange !== entityTag(version))) {
    return { status: 200, range: undefined }
  }
  const range = rangeIn(headers.range, size)
  return range === undefined ? { status: 200, range } : { status: 206, range }
}

/** Names and values in turn, as `writeHead` takes them fastest. */
export function headersOf(file: Representation, { status, range }: Selection, nowMs: number): string[] {
  const headers = ['ETag', entityTag(file.version), 'Cache-Control', 'private, no-cache', 'Accept-Ranges', 'bytes']
  if (status === 304) return headers
  headers.push(
    'Content-Type',
    file.contentType ?? 'application/octet-stream',
    'Content-Length',
    String(range?.length ?? file.size),
    'Repr-Digest',
    reprDigest(file.sha256),
    // A time to come would be later than the answer's own.
    'Last-Modified',
    new Date(Math.min(file.modifiedAtMs, nowMs)).toUTCString(),
    'Content-Disposition',
    attachment(file.path),
    'X-Content-Type-Options',
    'nosniff',
    'Content-Security-Policy',
    'sandbox',
  )
  if (range !== undefined) {
    assert(range.length > 0, 'a range holds at least one byte')
    headers.push('Content-Range', `bytes ${range.offset}-${range.offset + range.length - 1}/${file.size}`)
  }
  return headers
}
