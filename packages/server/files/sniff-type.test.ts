import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { brotliCompressSync, deflateRawSync, gzipSync, zstdCompressSync } from 'node:zlib'
import { hasCode } from '@holdfast/core/wire/errors.ts'
import fc from 'fast-check'
import { contentTypeOf } from './sniff-type.ts'

const sniffType = (first: Uint8Array): string | undefined => contentTypeOf(undefined, first).sniffed
/** One character is one byte. */
const bytes = (latin: string): Uint8Array => Buffer.from(latin, 'latin1')
const utf8 = (text: string): Uint8Array => Buffer.from(text, 'utf8')
const ftyp = (major: string, ...others: string[]): string =>
  `\0\0\0${String.fromCharCode(16 + 4 * others.length)}ftyp${major}\0\0\0\0${others.join('')}\0\0\0\x08mdat`
const ebml = (type: string): string =>
  `\x1a\x45\xdf\xa3\x9f\x42\x86\x81\x01\x42\xf7\x81\x01\x42\xf2\x81\x04\x42\xf3\x81\x08\x42\x82${String.fromCharCode(0x80 + type.length)}${type}`
const ogg = (codec: string): string => `OggS\0\x02${'\0'.repeat(20)}\x01\x1e${codec}`

const known: readonly (readonly [type: string, ...beginnings: string[]])[] = [
  ['image/jpeg', '\xff\xd8\xff\xe0\0\x10JFIF\0', '\xff\xd8\xff\xe1\0\x10Exif'],
  ['image/png', '\x89PNG\r\n\x1a\n\0\0\0\rIHDR'],
  ['image/gif', 'GIF87a\x01\0\x01\0', 'GIF89a\x01\0\x01\0'],
  ['image/webp', 'RIFF\x24\0\0\0WEBPVP8 '],
  ['image/bmp', `BM\x46\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0\x01`],
  ['image/tiff', 'II*\0\x08\0\0\0', 'MM\0*\0\0\0\x08', 'II+\0\x08\0\0\0', 'MM\0+\0\x08\0\0'],
  ['image/heic', ftyp('heic', 'mif1', 'heic'), ftyp('mif1', 'mif1', 'heic'), ftyp('heix')],
  ['image/avif', ftyp('avif', 'mif1', 'miaf'), ftyp('mif1', 'miaf', 'avif')],
  ['image/heif', ftyp('mif1', 'mif1', 'miaf')],
  [
    'image/svg+xml',
    '<svg xmlns="http://www.w3.org/2000/svg">',
    '<?xml version="1.0"?>\n<!-- drawn -->\n<svg width="1"',
  ],
  ['video/mp4', ftyp('isom', 'isom', 'avc1'), ftyp('mp42'), ftyp('iso6'), ftyp('M4V ')],
  ['video/quicktime', ftyp('qt  ')],
  ['audio/mp4', ftyp('M4A ', 'mp42')],
  ['video/3gpp', ftyp('3gp5')],
  ['video/webm', ebml('webm')],
  ['video/x-matroska', ebml('matroska')],
  ['video/x-msvideo', 'RIFF\x24\0\0\0AVI LIST'],
  ['audio/wav', 'RIFF\x24\0\0\0WAVEfmt '],
  ['audio/flac', 'fLaC\0\0\0\x22'],
  ['audio/ogg', ogg('\x01vorbis'), ogg('OpusHead')],
  ['video/ogg', ogg('\x80theora')],
  ['audio/mpeg', 'ID3\x03\0\0\0\0\0\0', '\xff\xfb\x90\x64\0\0\0', '\xff\xf3\x40\xc0\0\0\0'],
  ['audio/aac', '\xff\xf1\x50\x80\x02\x1f\xfc', '\xff\xf9\x50\x80\x02\x1f\xfc'],
  ['application/pdf', '%PDF-1.7\n%\xe2\xe3\xcf\xd3'],
  ['application/zip', 'PK\x03\x04\x14\0\0\0', 'PK\x05\x06\0\0\0\0'],
  ['application/x-xz', '\xfd7zXZ\0\0\x04'],
  ['application/x-bzip2', 'BZh91AY&SY\x11'],
  ['application/x-7z-compressed', '7z\xbc\xaf\x27\x1c\0\x04'],
  ['application/vnd.rar', 'Rar!\x1a\x07\0', 'Rar!\x1a\x07\x01\0'],
]

describe('the sniffed type', () => {
  for (const [type, ...beginnings] of known) {
    it(`knows ${type}`, () => {
      for (const beginning of beginnings) {
        assert.equal(sniffType(bytes(beginning)), type)
        assert.equal(
          sniffType(bytes(beginning + '\0\x80\xff'.repeat(1000))),
          type === 'image/svg+xml' ? undefined : type,
        )
      }
    })
  }

  it('knows what real compressors make', () => {
    const text = Buffer.from('some text that is long enough to be compressed '.repeat(20))
    assert.equal(sniffType(gzipSync(text)), 'application/gzip')
    assert.equal(sniffType(zstdCompressSync(text)), 'application/zstd')
    assert.equal(sniffType(deflateRawSync(text)), undefined)
    assert.equal(sniffType(brotliCompressSync(text)), undefined)
  })

  it('is plain text for UTF-8, whatever the text means', () => {
    for (const text of [
      'a',
      'hello\r\n\tworld\f',
      '\ufeffwith a mark',
      'Grüße, 世界 😀',
      '{"json":true}',
      '<html><svg>',
      '#!/bin/sh\n',
      '\x1b[31mred\x1b[0m',
      'BM is not a bitmap, and II* no picture',
      'RIFF raff',
      'ftypical',
    ]) {
      assert.equal(sniffType(utf8(text)), 'text/plain', text)
    }
  })

  it('is plain text where the last character is cut in two', () => {
    const long = utf8(`x${'é'.repeat(600)}`)
    for (let length = 1; length < 600; length++)
      assert.equal(sniffType(long.subarray(0, length)), 'text/plain', `${length}`)
  })

  it('is nothing where nobody can tell', () => {
    for (const beginning of [
      '',
      '\0',
      'text\0with a zero',
      'caf\xe9 in Latin-1',
      '\xff\xfet\0e\0x\0t\0',
      '\x7fELF\x02\x01\x01',
      'RIFF\x24\0\0\0RMID',
      ftyp('crx '),
      '\x1a\x45\xdf\xa3\0\0',
      '\xff\xff\xff\xff\xff\xff\xff',
      '\xc0\xaf overlong',
    ]) {
      assert.equal(sniffType(bytes(beginning)), undefined, JSON.stringify(beginning))
    }
  })

  it('looks at no more than is there, in any bytes', () => {
    for (const [, ...beginnings] of known) {
      for (const beginning of beginnings) {
        for (let length = 0; length < beginning.length; length++) sniffType(bytes(beginning.slice(0, length)))
      }
    }
    fc.assert(fc.property(fc.uint8Array({ maxLength: 600 }), (any) => sniffType(any) === sniffType(any.slice())))
  })
})

describe('the content type', () => {
  const png = bytes('\x89PNG\r\n\x1a\n')

  it('is what the client says', () => {
    for (const said of [
      'image/jpeg',
      'text/plain; charset=utf-8',
      'text/plain;charset="utf-8"',
      'application/vnd.oasis.opendocument.text',
      'a/b',
      `a/${'b'.repeat(126)}`,
    ]) {
      assert.deepEqual(contentTypeOf(said, png), { declared: said, sniffed: 'image/png' })
    }
    assert.equal(contentTypeOf('  image/jpeg ', png).declared, 'image/jpeg')
  })

  it('is what was sniffed where the client does not say', () => {
    for (const said of [
      undefined,
      '',
      ' ',
      'application/octet-stream',
      'Application/Octet-Stream; a=b',
      'binary/octet-stream',
    ]) {
      assert.deepEqual(contentTypeOf(said, png), { declared: undefined, sniffed: 'image/png' })
    }
    assert.equal(contentTypeOf('application/octet-streams', png).declared, 'application/octet-streams')
  })

  it('is refused where it is none', () => {
    for (const said of [
      'image',
      'image/',
      '/png',
      'image/png\r\nSet-Cookie: a=b',
      'image/png\0',
      'image/png; a=\x7f',
      'image/png; a=é',
      'image/png, text/html',
      `a/${'b'.repeat(127)}`,
      'a b/c',
    ]) {
      assert.throws(
        () => contentTypeOf(said, png),
        (error) => hasCode(error, 'bad_request'),
        said,
      )
    }
  })
})
