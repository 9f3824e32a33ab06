/**
 * Naming, sealing and opening one chunk with Node's own ciphers. What is bound to what is decided in `core/sealing`; here
 * are only the calls. Keys are kept as KeyObjects: a raw key costs three times as much per call.
 */
import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createSecretKey,
  type Decipheriv,
  type KeyObject,
} from 'node:crypto'
import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import {
  CODEC_NONE,
  CODEC_ZSTD,
  chunkAad,
  chunkKeyMessage,
  NONCE_BYTES,
  SUITE_PLAIN_BUCKET,
  TAG_BYTES,
} from '@holdfast/core/sealing/chunk-format.ts'
import { looksCompressible } from '@holdfast/core/sealing/compressible.ts'
import { asChunkId, type ChunkId } from '@holdfast/core/wire/ids.ts'
import { freeBytes } from '../seams/free-bytes.ts'
import type { ChunkKeys, SealedPlace } from './compute.ts'

const CIPHER = 'aes-256-gcm'
const KEYS_CACHED_MAX = 1024
/** Compressed bytes are kept only where they save a sixteenth. */
const SAVING_DIVISOR = 16
const ZSTD_OPTIONS = { params: { [constants.ZSTD_c_compressionLevel]: 1 } }

const keyObjects = new Map<string, KeyObject>()

function keyObject(raw: Uint8Array): KeyObject {
  const name = Buffer.from(raw.buffer, raw.byteOffset, raw.byteLength).toString('latin1')
  let key = keyObjects.get(name)
  if (key === undefined) {
    if (keyObjects.size >= KEYS_CACHED_MAX) keyObjects.clear()
    key = createSecretKey(raw)
    keyObjects.set(name, key)
  }
  return key
}

export function nameChunk(keys: ChunkKeys, plain: Uint8Array): ChunkId {
  return asChunkId(createHmac('sha256', keyObject(keys.idKey)).update(plain).digest('hex'))
}

export interface SealedChunk {
  readonly codec: number
  readonly nonce: Uint8Array
  readonly ciphertext: Uint8Array
  readonly tag: Uint8Array
}

export function sealChunk(
  keys: ChunkKeys,
  chunk: { id: ChunkId; plain: Uint8Array; compress: boolean },
  nonce: Uint8Array,
): SealedChunk {
  const { body, codec } = chunk.compress ? compressed(chunk.plain) : { body: chunk.plain, codec: CODEC_NONE }
  const id = Buffer.from(chunk.id, 'hex')
  const cipher = createCipheriv(CIPHER, chunkKey(keys, id), nonce, { authTagLength: TAG_BYTES })
  cipher.setAAD(
    aadOf(keys, { suite: SUITE_PLAIN_BUCKET, keyEpoch: keys.keyEpoch, codec, plainBytes: chunk.plain.length }, id),
  )
  const ciphertext = cipher.update(body)
  cipher.final()
  if (body !== chunk.plain) freeBytes(body)
  return { codec, nonce, ciphertext, tag: cipher.getAuthTag() }
}

/** The plain bytes in pieces, or undefined where anything about the sealed ones is not as `place` says. */
export function openChunk(
  keys: ChunkKeys,
  place: SealedPlace,
  sealed: Uint8Array,
  pieceBytes: number,
): Uint8Array[] | undefined {
  if (place.suite !== SUITE_PLAIN_BUCKET || place.keyEpoch !== keys.keyEpoch) return undefined
  if (sealed.length !== place.storedBytes || place.nonce.length !== NONCE_BYTES) return undefined
  const id = Buffer.from(place.chunk, 'hex')
  const decipher = createDecipheriv(CIPHER, chunkKey(keys, id), place.nonce, { authTagLength: TAG_BYTES })
  decipher.setAAD(aadOf(keys, place, id))
  decipher.setAuthTag(sealed.subarray(sealed.length - TAG_BYTES))
  const ciphertext = sealed.subarray(0, sealed.length - TAG_BYTES)
  const opened = pieces(ciphertext, place.codec === CODEC_NONE ? pieceBytes : ciphertext.length).map((piece) =>
    decipher.update(piece),
  )
  const plain = isWhole(decipher) ? decoded(opened, place, pieceBytes) : undefined
  if (plain !== opened) opened.forEach(freeBytes)
  return plain
}

/** Whether the tag is that of what was opened. */
function isWhole(decipher: Decipheriv): boolean {
  try {
    decipher.final()
    return true
  } catch {
    return false
  }
}

function decoded(
  opened: Uint8Array[],
  { codec, plainBytes }: SealedPlace,
  pieceBytes: number,
): Uint8Array[] | undefined {
  const [only] = opened
  if (codec === CODEC_ZSTD && only !== undefined) return decompressed(only, plainBytes, pieceBytes)
  const bytes = opened.reduce((sum, piece) => sum + piece.length, 0)
  return codec === CODEC_NONE && bytes === plainBytes ? opened : undefined
}

function pieces(bytes: Uint8Array, pieceBytes: number): Uint8Array[] {
  return Array.from({ length: Math.ceil(bytes.length / pieceBytes) }, (_, i) =>
    bytes.subarray(i * pieceBytes, (i + 1) * pieceBytes),
  )
}

function chunkKey(keys: ChunkKeys, id: Uint8Array): KeyObject {
  return createSecretKey(createHmac('sha256', keyObject(keys.dataKey)).update(chunkKeyMessage(id)).digest())
}

function aadOf(
  keys: ChunkKeys,
  about: { suite: number; keyEpoch: number; codec: number; plainBytes: number },
  chunk: Uint8Array,
): Uint8Array {
  return chunkAad({ ...about, bucket: Buffer.from(keys.bucket, 'hex'), chunk })
}

function compressed(plain: Uint8Array): { body: Uint8Array; codec: number } {
  if (looksCompressible(plain)) {
    const body = zstdCompressSync(plain, ZSTD_OPTIONS)
    if (body.length <= plain.length - plain.length / SAVING_DIVISOR) return { body, codec: CODEC_ZSTD }
  }
  return { body: plain, codec: CODEC_NONE }
}

function decompressed(body: Uint8Array, plainBytes: number, pieceBytes: number): Uint8Array[] | undefined {
  let plain: Uint8Array
  try {
    plain = zstdDecompressSync(body, { maxOutputLength: plainBytes })
  } catch {
    return undefined
  }
  if (plain.length !== plainBytes) return undefined
  if (plainBytes <= pieceBytes) return [plain]
  const each = pieces(plain, pieceBytes).map((piece) => new Uint8Array(piece))
  freeBytes(plain)
  return each
}
