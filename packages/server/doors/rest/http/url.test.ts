import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { HoldfastError } from '@holdfast/core/wire/errors.ts'
import { QUERY_PARAMETERS_MAX } from '../limits.ts'
import { decodeText, encodePath, pathValues, queryValues, targetOf } from './url.ts'

const isBadRequest = (error: unknown) => error instanceof HoldfastError && error.code === 'bad_request'
const FILE = { names: [undefined, undefined, undefined, 'bucket', undefined, 'path'], takesRest: true }
const fileIn = (target: string) => pathValues(target, FILE)

describe('a target', () => {
  it('is the path and query, also where the whole URL was named', () => {
    assert.equal(targetOf('/a?b'), '/a?b')
    assert.equal(targetOf('http://here:8000/a?b'), '/a?b')
    assert.equal(targetOf('http://here'), '/')
    assert.equal(targetOf('*'), '/*')
  })
})

describe('decoding', () => {
  it('happens exactly once', () => {
    assert.equal(decodeText('a%252Fb'), 'a%2Fb')
    assert.equal(decodeText('a%2fb%20c'), 'a/b c')
    assert.equal(decodeText('a+b'), 'a+b')
  })

  it('takes UTF-8 percent-encoded or as raw bytes', () => {
    assert.equal(decodeText('%C3%A9'), 'é')
    assert.equal(decodeText('\xc3\xa9'), 'é')
    assert.equal(decodeText('%EF%BB%BFa'), '\ufeffa')
  })

  it('refuses what is not UTF-8, holds NUL, or breaks off', () => {
    for (const text of ['%ff', '%c0%ae', '%ed%a0%80', '\xff', '%00', 'a%2', '%', '%zz', '%e2%82']) {
      assert.throws(() => decodeText(text), isBadRequest, text)
    }
  })
})

describe('the values of a path', () => {
  it('are cut before they are decoded', () => {
    assert.deepEqual(fileIn('/api/v1/buckets/b/files/x/y.txt'), { bucket: 'b', path: 'x/y.txt' })
    assert.deepEqual(fileIn('/api/v1/buckets/a%2Fb/files/x%2Fy?version=1'), { bucket: 'a/b', path: 'x/y' })
    assert.deepEqual(fileIn('/api/v1/buckets/b/files/a/?q=/x'), { bucket: 'b', path: 'a/' })
    assert.deepEqual(fileIn('/api/v1/buckets/b/files/%3F%23#end'), { bucket: 'b', path: '?#' })
    assert.deepEqual(fileIn('/api/v1/buckets/b/files//etc/passwd'), { bucket: 'b', path: '/etc/passwd' })
  })

  it('come back from the path that leads to them', () => {
    for (const path of ['a b/c', 'ü/%2F', 'x?y#z&+', "it's (1)*"]) {
      assert.equal(fileIn(`/api/v1/buckets/b/files/${encodePath(path)}`)['path'], path)
    }
  })
})

describe('a query', () => {
  it('is read as forms write it', () => {
    assert.deepEqual({ ...queryValues('/x?a=1&b=c+d%2B&e=f=g&h') }, { a: '1', b: 'c d+', e: 'f=g', h: '' })
    assert.deepEqual({ ...queryValues('/x') }, {})
    assert.deepEqual({ ...queryValues('/x?#a=1') }, {})
  })

  it('has no prototype to pollute', () => {
    const values = queryValues('/x?__proto__=1&constructor=2')
    assert.equal(Object.getPrototypeOf(values), null)
    assert.deepEqual(Object.keys(values), ['__proto__', 'constructor'])
  })

  it('is refused with a name that comes twice, or too many of them', () => {
    assert.throws(() => queryValues('/x?a=1&a=2'), isBadRequest)
    const many = (count: number) => `/x?${Array.from({ length: count }, (_, index) => `p${index}=`).join('&')}`
    assert.equal(Object.keys(queryValues(many(QUERY_PARAMETERS_MAX))).length, QUERY_PARAMETERS_MAX)
    assert.throws(
      () => queryValues(many(QUERY_PARAMETERS_MAX + 1)),
      (error) => error instanceof HoldfastError && error.code === 'limit_exceeded',
    )
  })
})
