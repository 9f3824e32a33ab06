import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type ErrorCode, hasCode } from '@holdfast/core/wire/errors.ts'
import { assertBucketName, assertFolder, assertPath, assertTags } from './path-rules.ts'

function refuses(code: ErrorCode, deed: () => void, about: string): void {
  assert.throws(deed, (error) => hasCode(error, code), about)
}

describe('a path', () => {
  it('is any name that a URL can carry and a folder can hold', () => {
    for (const path of [
      'a',
      'a/b/c.txt',
      'a/',
      'a b/ä.txt',
      'a\u0308',
      '.hidden',
      'a/.config/b',
      'a..b',
      '..a',
      'a..',
      '...',
      'a/.../b',
      'a\\b',
      'C:\\a',
      'con',
      'a\n\t\u202eb',
      '😀',
      '\ufffd',
      '%2e%2e/a',
      'x'.repeat(1024),
      'é'.repeat(512),
    ]) {
      assertPath(path)
    }
  })

  it('never leads out of where it is, by slash or backslash', () => {
    for (const path of [
      '.',
      '..',
      '../a',
      './a',
      'a/..',
      'a/.',
      'a/../b',
      'a/./b',
      'a/b/../../../c',
      '..\\a',
      'a\\..\\b',
      'a\\..',
      'a/..\\b',
      'a\\../b',
      'a/../',
    ]) {
      refuses('bad_request', () => assertPath(path), path)
    }
  })

  it('has no empty names but one at the end, the mark of a folder', () => {
    for (const path of ['', '/', '/a', '//', 'a//b', 'a//', '//a']) refuses('bad_request', () => assertPath(path), path)
  })

  it('has UTF-8, and no NUL', () => {
    for (const path of ['a\0b', '\0', 'a\ud800', '\udc00a', 'a\udc00\ud800b'])
      refuses('bad_request', () => assertPath(path), path)
  })

  it('is at most 1,024 bytes, which the refusal says', () => {
    for (const path of ['x'.repeat(1025), `${'é'.repeat(512)}x`, '😀'.repeat(257)]) {
      assert.throws(
        () => assertPath(path),
        (error) =>
          hasCode(error, 'limit_exceeded') && error.details['limit'] === 1024 && error.message.includes('1024'),
      )
    }
  })
})

describe('a folder', () => {
  it('is a path that ends with a slash, or the root', () => {
    for (const folder of ['', 'a/', 'a/b/', `${'x'.repeat(1023)}/`]) assertFolder(folder)
    for (const folder of ['a', '/', 'a//', '../', 'a/./', 'a\0/', '\ud800/']) {
      refuses('bad_request', () => assertFolder(folder), JSON.stringify(folder))
    }
    refuses('limit_exceeded', () => assertFolder(`${'é'.repeat(512)}/`), 'bytes count')
  })
})

describe('a bucket name', () => {
  it('has 3 to 63 of a few characters', () => {
    for (const name of ['abc', 'default', 'a.b', '0-9', 'my-photos.2026', 'x'.repeat(63), 'a.-b'])
      assertBucketName(name)
    for (const name of [
      '',
      'ab',
      'x'.repeat(64),
      'Abc',
      'a_b',
      'a b',
      'a/b',
      '-ab',
      'ab-',
      '.ab',
      'ab.',
      'a..b',
      '...',
      'äbc',
      'abc\n',
      'a\0c',
    ]) {
      refuses('bad_request', () => assertBucketName(name), name)
    }
  })
})

describe('tags', () => {
  const many = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, i) => [`key${i}`, '']))

  it('are up to 50 keys and values', () => {
    assertTags({})
    assertTags({ category: 'holiday', 'a key': '', ключ: 'a=b' })
    assertTags(many(50))
    assertTags({ ['k'.repeat(128)]: 'v'.repeat(256), ['é'.repeat(64)]: 'é'.repeat(128) })
  })

  it('are refused past their limits, which the refusal says', () => {
    for (const [tags, limit] of [
      [many(51), 50],
      [{ ['k'.repeat(129)]: '' }, 128],
      [{ ['é'.repeat(65)]: '' }, 128],
      [{ key: 'v'.repeat(257) }, 256],
      [{ key: 'é'.repeat(129) }, 256],
    ] as const) {
      assert.throws(
        () => assertTags(tags),
        (error) =>
          hasCode(error, 'limit_exceeded') && error.details['limit'] === limit && error.message.includes(`${limit}`),
      )
    }
  })

  it('have keys that can be asked for, and text', () => {
    for (const tags of [{ '': 'x' }, { 'a=b': 'x' }, { 'a\0': 'x' }, { a: '\0' }, { '\ud800': 'x' }, { a: '\udc00' }]) {
      refuses('bad_request', () => assertTags(tags), JSON.stringify(tags))
    }
  })
})
