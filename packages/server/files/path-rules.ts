/**
 * What paths, bucket names and tags may be. A path is data and is kept byte for byte: upper and lower case, spaces, and both
 * spellings of an accented letter are different names. It never becomes a path on a node's disk.
 *
 * What is refused cannot be reached again through a URL, or has no place in a folder on a person's machine:
 *
 *     /a        begins with a slash            a/../b   a `.` or `..` between slashes, or between backslashes:
 *     a//b      an empty name in between                 clients take those away before they send
 *
 * One slash at the end stays: `a/` is how S3 and WebDAV clients mark an empty folder, and another name than `a`.
 */
import { HoldfastError } from '@holdfast/core/wire/errors.ts'

const PATH_BYTES_MAX = 1024
const TAGS_MAX = 50
const TAG_KEY_BYTES_MAX = 128
const TAG_VALUE_BYTES_MAX = 256

const DOT_SEGMENT = /(?:^|[/\\])\.{1,2}(?:[/\\]|$)/
/** 3 to 63 characters. */
const BUCKET_NAME = /^(?!.*\.\.)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/

/** @throws bad_request, limit_exceeded */
export function assertPath(path: string): void {
  if (path.length === 0) throw invalid('a path has at least one character')
  assertText(path, 'a path')
  assertBytes(path, 'a path', PATH_BYTES_MAX)
  if (path.startsWith('/')) throw invalid('a path does not begin with a slash')
  if (path.includes('//')) throw invalid('a path has a name between two slashes')
  if (DOT_SEGMENT.test(path)) throw invalid('a path has no `.` or `..` between slashes or backslashes')
}

/** A folder is a prefix that ends with a slash; the root is empty. @throws bad_request, limit_exceeded */
export function assertFolder(folder: string): void {
  if (folder === '') return
  assertPath(folder)
  if (!folder.endsWith('/')) throw invalid('a folder ends with a slash')
}

export function isBucketName(name: string): boolean {
  return BUCKET_NAME.test(name)
}

/** @throws bad_request */
export function assertBucketName(name: string): void {
  if (isBucketName(name)) return
  throw invalid(
    'a bucket name has 3 to 63 of a-z, 0-9, dot and hyphen, begins and ends with a letter or digit, and has no two dots in a row',
  )
}

/** @throws bad_request, limit_exceeded */
export function assertTags(tags: Readonly<Record<string, string>>): void {
  const entries = Object.entries(tags)
  if (entries.length > TAGS_MAX) throw exceeded(`a file has at most ${TAGS_MAX} tags, not ${entries.length}`, TAGS_MAX)
  for (const [key, value] of entries) {
    if (key.length === 0) throw invalid('the key of a tag has at least one character')
    // `tag=key=value` in a query is cut at the first sign.
    if (key.includes('=')) throw invalid('the key of a tag has no `=`')
    assertText(key, 'the key of a tag')
    assertText(value, 'the value of a tag')
    assertBytes(key, 'the key of a tag', TAG_KEY_BYTES_MAX)
    assertBytes(value, 'the value of a tag', TAG_VALUE_BYTES_MAX)
  }
}

/** A lone surrogate has no UTF-8, and NUL no place in PostgreSQL's texts. */
function assertText(text: string, what: string): void {
  if (!text.isWellFormed() || text.includes('\0')) throw invalid(`${what} is valid Unicode without NUL`)
}

function assertBytes(text: string, what: string, bytesMax: number): void {
  const bytes = Buffer.byteLength(text)
  if (bytes > bytesMax) throw exceeded(`${what} is at most ${bytesMax} bytes as UTF-8, not ${bytes}`, bytesMax)
}

function invalid(message: string): HoldfastError {
  return new HoldfastError('bad_request', message)
}

function exceeded(message: string, limit: number): HoldfastError {
  return new HoldfastError('limit_exceeded', message, { details: { limit } })
}
