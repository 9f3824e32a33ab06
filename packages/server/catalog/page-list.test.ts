import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { asId } from '@holdfast/core/wire/ids.ts'
import { decodeEntries, decodePageList, encodeEntries, encodePageList, pageIdOf } from './page-list.ts'
import { chunkNamed } from './test-catalog.test-support.ts'

const page = asId('00112233445566778899aabbccddeeff')

describe('a page list', () => {
  it('has the bytes that formats.md gives it', () => {
    const bytes = encodePageList([{ page, entries: 0x0102, plainBytes: 2 ** 40 + 1 }])
    assert.equal(Buffer.from(bytes).toString('hex'), `${page}000001020000010000000001`)
  })

  it('comes back as it was', () => {
    const pages = [
      { page, entries: 1000, plainBytes: 2 ** 33 },
      { page, entries: 1, plainBytes: 1 },
    ]
    assert.deepEqual(decodePageList(encodePageList(pages)), pages)
    assert.throws(() => decodePageList(new Uint8Array(27)))
  })
})

describe("a page's entries", () => {
  const entries = [
    { chunk: chunkNamed('a'), plainBytes: 4096 },
    { chunk: chunkNamed('b'), plainBytes: 2 ** 21 },
  ]

  it('come back as they were, 36 bytes each', () => {
    const bytes = encodeEntries(entries)
    assert.equal(bytes.length, 72)
    assert.deepEqual(decodeEntries(bytes), entries)
    assert.throws(() => decodeEntries(bytes.subarray(1)))
  })

  it('name their page', () => {
    assert.equal(pageIdOf(encodeEntries([])), 'e3b0c44298fc1c149afbf4c8996fb924')
  })
})
