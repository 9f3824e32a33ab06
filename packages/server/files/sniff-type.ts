/**
 * A content's type, guessed from its first bytes. A guess is made only where the bytes leave little doubt; zip stays zip, whatever
 * office or package it holds, and text is plain text, for what a text means is its owner's to say.
 */
import { HoldfastError } from '@holdfast/core/wire/errors.ts'

const DECLARED_CHARACTERS_MAX = 128
/** `type/subtype` in the characters of RFC 9110, and parameters. */
const DECLARED = /^[\w!#$%&'*+.^`|~-]+\/[\w!#$%&'*+.^`|~-]+ *(;[ -~]*)?$/
/** What clients send when they do not know. */
const SAYS_NOTHING = /^(application|binary)\/octet-stream *(;|$)/i

export interface ContentTypes {
  /** What the client says, unless that is nothing. */
  readonly declared: string | undefined
  readonly sniffed: string | undefined
}

/** @throws bad_request where what is declared is no type */
export function contentTypeOf(declared: string | undefined, firstBytes: Uint8Array): ContentTypes {
  const said = declared?.trim() ?? ''
  if (said !== '' && (said.length > DECLARED_CHARACTERS_MAX || !DECLARED.test(said))) {
    throw new HoldfastError(
      'bad_request',
      `Content-Type is \`type/subtype\` in at most ${DECLARED_CHARACTERS_MAX} characters of ASCII`,
    )
  }
  return { declared: said === '' || SAYS_NOTHING.test(said) ? undefined : said, sniffed: sniffType(firstBytes) }
}

/** As much as any rule here looks at. */
const LOOKED_AT_BYTES = 512

const MAGICS: readonly (readonly [magic: string, type: string])[] = [
  ['\xff\xd8\xff', 'image/jpeg'],
  ['\x89PNG\r\n\x1a\n', 'image/png'],
  ['GIF87a', 'image/gif'],
  ['GIF89a', 'image/gif'],
  ['II*\0', 'image/tiff'],
  ['II+\0', 'image/tiff'],
  ['MM\0*', 'image/tiff'],
  ['MM\0+', 'image/tiff'],
  ['fLaC', 'audio/flac'],
  ['ID3\x02', 'audio/mpeg'],
  ['ID3\x03', 'audio/mpeg'],
  ['ID3\x04', 'audio/mpeg'],
  ['%PDF-', 'application/pdf'],
  ['PK\x03\x04', 'application/zip'],
  ['PK\x05\x06', 'application/zip'],
  ['PK\x07\x08', 'application/zip'],
  ['\x1f\x8b\x08', 'application/gzip'],
  ['\x28\xb5\x2f\xfd', 'application/zstd'],
  ['\xfd7zXZ\0', 'application/x-xz'],
  ['7z\xbc\xaf\x27\x1c', 'application/x-7z-compressed'],
  ['Rar!\x1a\x07', 'application/vnd.rar'],
  ...Array.from('123456789', (level) => [`BZh${level}1AY&SY`, 'application/x-bzip2'] as const),
]

function sniffType(bytes: Uint8Array): string | undefined {
  const head = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, LOOKED_AT_BYTES))
  // One character is one byte.
  const latin = head.toString('latin1')
  return (
    MAGICS.find(([magic]) => latin.startsWith(magic))?.[1] ??
    riffType(latin) ??
    isoMediaType(head, latin) ??
    matroskaType(latin) ??
    oggType(latin) ??
    bitmapType(head, latin) ??
    mpegAudioType(head) ??
    textType(head)
  )
}

const RIFF_FORMS = new Map([
  ['WAVE', 'audio/wav'],
  ['AVI ', 'video/x-msvideo'],
  ['WEBP', 'image/webp'],
])

function riffType(latin: string): string | undefined {
  return latin.startsWith('RIFF') ? RIFF_FORMS.get(latin.slice(8, 12)) : undefined
}

const BRANDS: readonly (readonly [brand: RegExp, type: string])[] = [
  [/^avi[fs]$/, 'image/avif'],
  [/^he[iv][cxms]$/, 'image/heic'],
  [/^(mif1|msf1)$/, 'image/heif'],
  [/^qt {2}$/, 'video/quicktime'],
  [/^M4[AB] $/, 'audio/mp4'],
  [/^3g[2gp]/, 'video/3gpp'],
  [/^(iso\w|mp4[12]|avc1|dash|M4V |MSNV|f4v |cmfc)$/, 'video/mp4'],
]

/** MP4 and its family: the box `ftyp` names a brand, a version, and the other brands that the content keeps to. */
function isoMediaType(head: Buffer, latin: string): string | undefined {
  if (!latin.startsWith('ftyp', 4)) return undefined
  const major = typeOfBrand(latin.slice(8, 12))
  if (major !== 'image/heif') return major
  for (let at = 16; at + 4 <= Math.min(head.readUInt32BE(0), latin.length); at += 4) {
    const other = typeOfBrand(latin.slice(at, at + 4))
    if (other === 'image/avif' || other === 'image/heic') return other
  }
  return major
}

function typeOfBrand(brand: string): string | undefined {
  return BRANDS.find(([pattern]) => pattern.test(brand))?.[1]
}

/** EBML names its document type within the first few fields. */
function matroskaType(latin: string): string | undefined {
  if (!latin.startsWith('\x1a\x45\xdf\xa3')) return undefined
  const at = latin.indexOf('\x42\x82')
  const named = at < 0 ? '' : latin.slice(at + 2, at + 12)
  if (named.includes('webm')) return 'video/webm'
  return named.includes('matroska') ? 'video/x-matroska' : undefined
}

function oggType(latin: string): string | undefined {
  if (!latin.startsWith('OggS\0')) return undefined
  return latin.slice(0, 128).includes('\x80theora') ? 'video/ogg' : 'audio/ogg'
}

/** Two letters alone begin many a text: four bytes are zero, and a second header has one of a few lengths. */
function bitmapType(head: Buffer, latin: string): string | undefined {
  if (!latin.startsWith('BM') || head.length < 18 || head.readUInt32LE(6) !== 0) return undefined
  return [12, 40, 52, 56, 64, 108, 124].includes(head.readUInt32LE(14)) ? 'image/bmp' : undefined
}

/** A frame of MP3 or AAC without a tag before it: eleven bits, and fields of which some values are never used. */
function mpegAudioType(head: Buffer): string | undefined {
  const [sync, kind, rates] = head
  if (sync !== 0xff || kind === undefined || rates === undefined) return undefined
  const isAac = (kind & 0xf6) === 0xf0 && (rates & 0x3c) >> 2 < 13
  if (isAac) return 'audio/aac'
  const isLayer3 = (kind & 0xe6) === 0xe2 && (kind & 0x18) !== 0x08
  const bitRate = rates >> 4
  return isLayer3 && bitRate > 0 && bitRate < 15 && (rates & 0x0c) !== 0x0c ? 'audio/mpeg' : undefined
}

/** Tab, line feed, form feed, carriage return, and the escape of terminals' colours. */
const CONTROLS_IN_TEXT: ReadonlySet<number> = new Set([0x09, 0x0a, 0x0c, 0x0d, 0x1b])
const SVG = /^\ufeff?\s*(<\?xml[^>]*>\s*)?(<!--.*?-->\s*)?(<!DOCTYPE svg[^>]*>\s*)?<svg[\s>]/s

function textType(head: Buffer): string | undefined {
  if (head.length === 0 || head.some((byte) => (byte < 0x20 && !CONTROLS_IN_TEXT.has(byte)) || byte === 0x7f))
    return undefined
  let text: string
  try {
    // As a stream, for the last character may be cut in two.
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(head, { stream: true })
  } catch {
    return undefined
  }
  return SVG.test(text) ? 'image/svg+xml' : 'text/plain'
}
