/**
 * Paths as bytes, and ranges of them in byte order. The end of a prefix's range is the prefix with its last byte raised
 * by one: bytes of UTF-8 never reach 0xff, so that byte always exists, and what it makes need not be UTF-8 itself.
 *
 *     prefix   a/          paths   a/ … a/\u{10ffff} …       end   a0
 */
import { assert } from '@holdfast/core/wire/assert.ts'

export const PATH_BYTES_MAX = 1024

/** Above every path: no byte of UTF-8 is 0xff. */
const AFTER_ALL = Uint8Array.of(0xff)

/** The doors refuse what is no path; what arrives here unfit would become another name on its way through UTF-8. */
export function pathBytes(path: string): Buffer {
  const bytes = textBytes(path)
  assert(bytes.length >= 1 && bytes.length <= PATH_BYTES_MAX, `a path has 1 to ${PATH_BYTES_MAX} bytes`)
  return bytes
}

/** Bytes of a prefix, a delimiter or a cursor: as a path, but it may be empty. */
export function textBytes(text: string): Buffer {
  assert(text.isWellFormed() && !text.includes('\0'), 'a path is valid UTF-8 without NUL')
  return Buffer.from(text, 'utf8')
}

export function pathOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8')
}

/** The first bytes that are above everything that begins with `prefix`. */
export function endOfPrefix(prefix: Uint8Array): Uint8Array {
  const last = prefix.at(-1)
  if (last === undefined) return AFTER_ALL
  const end = Uint8Array.from(prefix)
  end[end.length - 1] = last + 1
  return end
}

/** The first bytes above `path`: no path holds NUL, so nothing lies between. */
export function justAfter(path: Uint8Array): Uint8Array {
  const after = new Uint8Array(path.length + 1)
  after.set(path)
  return after
}
