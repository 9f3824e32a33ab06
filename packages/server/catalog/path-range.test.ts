import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { endOfPrefix, justAfter, pathBytes, pathOf, textBytes } from './path-range.ts'

describe('a range of paths', () => {
  it('ends by raising a byte, not a character', () => {
    assert.deepEqual(endOfPrefix(textBytes('a\x7f')), Uint8Array.of(0x61, 0x80))
    assert.deepEqual(endOfPrefix(textBytes('\u{10ffff}')), Uint8Array.of(0xf4, 0x8f, 0xbf, 0xc0))
    assert.deepEqual(endOfPrefix(textBytes('')), Uint8Array.of(0xff))
  })

  it('holds everything below its prefix, and the prefix itself', () => {
    const prefix = textBytes('ä/')
    for (const path of ['ä/', 'ä/\x01', 'ä/\x7f', 'ä/\u0080', 'ä/\u{10ffff}\u{10ffff}']) {
      assert.equal(Buffer.compare(prefix, textBytes(path)) <= 0, true, path)
      assert.equal(Buffer.compare(textBytes(path), endOfPrefix(prefix)), -1, path)
    }
    for (const path of ['ä', 'ä.', 'ä0', 'å/']) {
      const inside =
        Buffer.compare(prefix, textBytes(path)) <= 0 && Buffer.compare(textBytes(path), endOfPrefix(prefix)) < 0
      assert.equal(inside, false, path)
    }
  })

  it('goes on behind a path with nothing between', () => {
    assert.equal(Buffer.compare(justAfter(textBytes('a')), textBytes('a\x01')), -1)
    assert.equal(Buffer.compare(textBytes('a'), justAfter(textBytes('a'))), -1)
  })

  it('takes any valid text as a path and nothing else', () => {
    assert.equal(pathOf(pathBytes('a/\u{1f600}/é')), 'a/\u{1f600}/é')
    for (const path of ['', 'a\0b', '\ud800', 'x'.repeat(1025)]) assert.throws(() => pathBytes(path), path)
    assert.equal(pathBytes('x'.repeat(1024)).length, 1024)
  })
})
