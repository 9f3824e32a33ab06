/**
 * How a chunk is sealed: the bytes that bind a ciphertext to its chunk (the AAD), the labels under which keys are derived,
 * and the small numbers that stand beside it. The ciphers themselves are handed in by whoever seals: Node.js on the server,
 * WebCrypto in a browser. `docs/formats.md`, *Sealing*, is the specification.
 */

import { assert } from '../wire/assert.ts'
import { CHUNK_BYTES_MAX } from '../wire/chunk-limits.ts'

/** Suite 1: ids by HMAC-SHA-256 under the bucket's id key, AES-256-GCM under a key per chunk. */
export const SUITE_PLAIN_BUCKET = 1

export const CODEC_NONE = 0
export const CODEC_ZSTD = 1

export const NONCE_BYTES = 12
export const TAG_BYTES = 16
export const CHUNK_ID_BYTES = 32
export const KEY_BYTES = 32

/** A chunk, its tag and the stripe's table fit one shard. */
export const SHARD_BYTES_MAX = CHUNK_BYTES_MAX + 64 * 1024

const AAD_BYTES = 1 + 16 + 4 + CHUNK_ID_BYTES + 1 + 4
const CHUNK_KEY_LABEL = new TextEncoder().encode('holdfast 1 chunk')

export interface ChunkIdentity {
  readonly suite: number
  readonly bucket: Uint8Array
  readonly keyEpoch: number
  readonly chunk: Uint8Array
  readonly codec: number
  readonly plainBytes: number
}

export function chunkAad(identity: ChunkIdentity): Uint8Array {
  const aad = new Uint8Array(AAD_BYTES)
  const view = new DataView(aad.buffer)
  assert(identity.bucket.length === 16 && identity.chunk.length === CHUNK_ID_BYTES, 'ids have their full length')
  aad[0] = identity.suite
  aad.set(identity.bucket, 1)
  view.setUint32(17, identity.keyEpoch)
  aad.set(identity.chunk, 21)
  aad[53] = identity.codec
  view.setUint32(54, identity.plainBytes)
  return aad
}

/** The message whose HMAC-SHA-256 under the data key is the chunk's key: one block of HKDF-Expand. */
export function chunkKeyMessage(chunk: Uint8Array): Uint8Array {
  const message = new Uint8Array(CHUNK_KEY_LABEL.length + CHUNK_ID_BYTES + 1)
  message.set(CHUNK_KEY_LABEL)
  message.set(chunk, CHUNK_KEY_LABEL.length)
  message[message.length - 1] = 1
  return message
}
