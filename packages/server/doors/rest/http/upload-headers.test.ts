import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { hasCode } from '@holdfast/core/wire/errors.ts'
import { asSha256 } from '@holdfast/core/wire/ids.ts'
import { FILE_BYTES_MAX } from '../../../files/streamed-bodies.ts'

import { digestIn, reprDigest } from './repr-digest.ts'
import {
  contentLength,
  contentTypeIn,
  idempotencyKeyIn,
  modifiedAtIn,
  refuseEncodedOrPartial,
  strategyIn,
} from './upload-headers.ts'

const isBadRequest = (error: unknown) => hasCode(error, 'bad_request')

describe('the headers of an upload', () => {
  it('say how long it is, or that nobody knows', () => {
    assert.equal(contentLength({ 'content-length': '5' }), 5)
    assert.equal(contentLength({ 'transfer-encoding': 'chunked' }), undefined)
    assert.equal(contentLength({}), 0)
    assert.equal(contentLength({ 'content-length': String(FILE_BYTES_MAX) }), FILE_BYTES_MAX)
    assert.throws(
      () => contentLength({ 'content-length': String(FILE_BYTES_MAX + 1) }),
      (error) => hasCode(error, 'body_too_large'),
    )
  })

  it('hold a key of 1 to 255 visible characters', () => {
    assert.equal(idempotencyKeyIn({}), undefined)
    for (const key of ['a', '!~', 'x'.repeat(255)]) assert.equal(idempotencyKeyIn({ 'idempotency-key': key }), key)
    for (const key of ['', 'a b', 'é', 'x'.repeat(256)])
      assert.throws(() => idempotencyKeyIn({ 'idempotency-key': key }), isBadRequest)
  })

  it('name a strategy that there is', () => {
    assert.equal(strategyIn({ 'holdfast-strategy': 'streaming' }), 'streaming')
    assert.throws(() => strategyIn({ 'holdfast-strategy': 'fast' }), isBadRequest)
  })

  it('give the time of a change in RFC 3339', () => {
    const at = (text: string) => modifiedAtIn({ 'holdfast-modified-at': text })
    assert.equal(at('2026-11-20T10:00:00Z'), Date.UTC(2026, 10, 20, 10))
    assert.equal(at('2026-11-20T10:00:00.5+02:00'), Date.UTC(2026, 10, 20, 8, 0, 0, 500))
    for (const text of ['', '2026-11-20', '20 Nov 2026', '2026-13-20T10:00:00Z', '1700000000', '2026-11-20T10:00:00']) {
      assert.throws(() => at(text), isBadRequest, text)
    }
    assert.equal(at('2024-02-29T23:59:59Z'), Date.UTC(2024, 1, 29, 23, 59, 59))
    for (const text of [
      '2020-02-30T10:00:00Z',
      '2023-02-29T10:00:00+02:00',
      '2026-11-31T10:00:00Z',
      '2026-11-20T24:00:00Z',
    ])
      assert.throws(() => at(text), isBadRequest, text)
  })

  it('are refused where the body is encoded or a part', () => {
    refuseEncodedOrPartial({ 'content-encoding': 'Identity' })
    assert.throws(
      () => refuseEncodedOrPartial({ 'content-encoding': 'gzip' }),
      (error) => hasCode(error, 'unsupported_media_type'),
    )
    assert.throws(() => refuseEncodedOrPartial({ 'content-range': 'bytes 0-4/5' }), isBadRequest)
  })

  it('hold a type that could be sent back, or none', () => {
    assert.equal(contentTypeIn('text/plain; charset=utf-8'), 'text/plain; charset=utf-8')
    for (const type of ['', 'text', 'text/plain\r\nX: y', 'a/b; \x80', `a/${'b'.repeat(300)}`])
      assert.equal(contentTypeIn(type), undefined)
  })
})

describe('Repr-Digest', () => {
  const empty = asSha256('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855')
  const header = 'sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:'

  it('goes out and comes in', () => {
    assert.equal(reprDigest(empty), header)
    assert.equal(digestIn(header), empty)
    assert.equal(digestIn(`sha-512=:AAAA:, ${header}, md5=:AAAA:`), empty)
  })

  it('is not looked at where it is of another kind, and refused where ours is malformed', () => {
    assert.equal(digestIn(undefined), undefined)
    assert.throws(() => digestIn('sha-512=:AAAA:'), /sha-256=.*no other algorithm is checked/)
    for (const bad of ['sha-256=AAAA', 'sha-256=:AAAA:', 'sha-256=::', `${header}x`])
      assert.throws(() => digestIn(bad), isBadRequest, bad)
  })
})
