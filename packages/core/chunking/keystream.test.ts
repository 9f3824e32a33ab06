import assert from 'node:assert/strict'
import { createCipheriv } from 'node:crypto'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { keystream } from './keystream.ts'

describe('the key stream', () => {
  it('is that of RFC 8439, appendix A.1, vector 1', () => {
    const expected =
      '76b8e0ada0f13d90405d6ae55386bd28bdd219b8a08ded1aa836efcc8b770dc7' +
      'da41597c5157488d7724e03fb8d84a376a43b8f41518a11cc387b669b2ee6586'
    assert.equal(Buffer.from(keystream(new Uint8Array(32), 64)).toString('hex'), expected)
  })

  it('is that of OpenSSL for any seed and length', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 32, maxLength: 32 }),
        fc.integer({ min: 0, max: 1000 }),
        (seed, length) => {
          const cipher = createCipheriv('chacha20', seed, new Uint8Array(16))
          assert.deepEqual(keystream(seed, length), new Uint8Array(cipher.update(new Uint8Array(length))))
        },
      ),
    )
  })

  it('refuses a seed of another length', () => {
    assert.throws(() => keystream(new Uint8Array(31), 1), { name: 'AssertionError' })
  })
})
