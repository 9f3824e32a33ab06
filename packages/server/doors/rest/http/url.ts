/**
 * The request's target, read once and strictly. Node.js hands it over byte by byte (as Latin-1), so that percent-encoded and raw
 * bytes are told apart here and decoded exactly once; what is not UTF-8, or holds NUL, is refused and never repaired.
 */
import { HoldfastError } from '@holdfast/core/wire/errors.ts'
import { QUERY_PARAMETERS_MAX } from '../limits.ts'

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
/** Text that means itself: no percent sign, no control character, no byte above ASCII. */
const PLAIN = /^[\x20-\x24\x26-\x7e]*$/
const ABSOLUTE = /^https?:\/\/[^/?#]*/i

/** A request may name the whole URL; only its path and query count. */
export function targetOf(url: string): string {
  if (url.startsWith('/')) return url
  const target = url.replace(ABSOLUTE, '')
  return target.startsWith('/') ? target : `/${target}`
}

/** @throws bad_request */
export function decodeText(encoded: string): string {
  if (PLAIN.test(encoded)) return encoded
  const bytes = new Uint8Array(encoded.length)
  let length = 0
  for (let at = 0; at < encoded.length; at++) {
    let byte = encoded.charCodeAt(at)
    if (byte === 0x25) {
      byte = hexByte(encoded, at + 1)
      at += 2
    }
    if (byte === 0) throw new HoldfastError('bad_request', 'a name holds NUL')
    bytes[length++] = byte
  }
  try {
    return utf8.decode(bytes.subarray(0, length))
  } catch {
    throw new HoldfastError('bad_request', 'a name is valid UTF-8, percent-encoded')
  }
}

function hexByte(encoded: string, at: number): number {
  const pair = encoded.slice(at, at + 2)
  if (!/^[0-9a-f]{2}$/i.test(pair)) throw new HoldfastError('bad_request', 'a percent sign begins two hex digits')
  return Number.parseInt(pair, 16)
}

/** The path's end in a target: where query or fragment begin. */
function endOfPath(target: string): number {
  const query = target.indexOf('?')
  const fragment = target.indexOf('#')
  if (query === -1) return fragment === -1 ? target.length : fragment
  return fragment === -1 ? query : Math.min(query, fragment)
}

/**
 * Takes the values out of a target that matched `template`. Segments are told apart before they are decoded; the last parameter
 * takes all that is left, slashes too, where `takesRest` is set.
 */
export function pathValues(
  target: string,
  template: { readonly names: readonly (string | undefined)[]; readonly takesRest: boolean },
): Record<string, string> {
  const values: Record<string, string> = {}
  const end = endOfPath(target)
  let at = 1
  for (const [index, name] of template.names.entries()) {
    const isRest = template.takesRest && index === template.names.length - 1
    const slash = isRest ? -1 : target.indexOf('/', at)
    const next = slash === -1 || slash > end ? end : slash
    if (name !== undefined) values[name] = decodeText(target.slice(at, next))
    at = next + 1
  }
  return values
}

/** The query as names and values; a name that comes twice is refused. @throws bad_request, limit_exceeded */
export function queryValues(target: string): Record<string, string> {
  const begin = target.indexOf('?')
  const values: Record<string, string> = Object.create(null)
  if (begin === -1) return values
  const fragment = target.indexOf('#', begin)
  const text = target.slice(begin + 1, fragment === -1 ? target.length : fragment)
  const pairs = text.split('&').filter((pair) => pair !== '')
  if (pairs.length > QUERY_PARAMETERS_MAX) {
    throw new HoldfastError('limit_exceeded', `a query has at most ${QUERY_PARAMETERS_MAX} parameters`)
  }
  for (const pair of pairs) {
    const equals = pair.indexOf('=')
    const name = decodeText(plusToSpace(equals === -1 ? pair : pair.slice(0, equals)))
    if (name in values) throw new HoldfastError('bad_request', `the query names ${name} twice`)
    values[name] = equals === -1 ? '' : decodeText(plusToSpace(pair.slice(equals + 1)))
  }
  return values
}

function plusToSpace(text: string): string {
  return text.replaceAll('+', ' ')
}

/** A path as it stands in a URL: each segment percent-encoded, the slashes kept. */
export function encodePath(path: string): string {
  return path.split('/').map(encodeURIComponent).join('/')
}
