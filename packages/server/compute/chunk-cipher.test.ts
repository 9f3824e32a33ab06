import assert from 'node:assert/strict'
import { createHash, hkdfSync } from 'node:crypto'
import { describe, it } from 'node:test'
import { CODEC_NONE, CODEC_ZSTD, SUITE_PLAIN_BUCKET, TAG_BYTES } from '@holdfast/core/sealing/chunk-format.ts'
import { asChunkId, asId } from '@holdfast/core/wire/ids.ts'
import { nameChunk, openChunk, sealChunk } from './chunk-cipher.ts'
import type { ChunkKeys, SealedPlace } from './compute.ts'

const keys: ChunkKeys = {
  bucket: asId('0b'.repeat(16)),
  idKey: new Uint8Array(32).fill(1),
  dataKey: new Uint8Array(32).fill(2),
  keyEpoch: 7,
}
const PIECE_BYTES = 100_000
const nonce = new Uint8Array(12).fill(9)
const text = Buffer.from('the same line again\n'.repeat(500))

function sealed(plain: Uint8Array, compress: boolean): { place: SealedPlace; bytes: Uint8Array } {
  const id = nameChunk(keys, plain)
  const { codec, ciphertext, tag } = sealChunk(keys, { id, plain, compress }, nonce)
  const bytes = Buffer.concat([ciphertext, tag])
  const about = { chunk: id, place: 0, nonce, suite: SUITE_PLAIN_BUCKET, codec, keyEpoch: keys.keyEpoch }
  return { place: { ...about, storedBytes: bytes.length, plainBytes: plain.length }, bytes }
}

describe('a sealed chunk', () => {
  it('opens to its plain bytes, compressed or not', () => {
    for (const plain of [new Uint8Array(1), text, createHash('sha512').update('x').digest()]) {
      for (const compress of [true, false]) {
        const { place, bytes } = sealed(plain, compress)
        assert.deepEqual(Buffer.concat(openChunk(keys, place, bytes, PIECE_BYTES) ?? []), Buffer.from(plain))
      }
    }
    assert.equal(sealed(text, true).place.codec, CODEC_ZSTD)
    assert.equal(sealed(text, false).place.codec, CODEC_NONE)
  })

  it('opens in pieces that go one by one, compressed or not', () => {
    const plain = Buffer.alloc(3 * PIECE_BYTES - 1, text)
    for (const compress of [true, false]) {
      const { place, bytes } = sealed(plain, compress)
      const opened = openChunk(keys, place, bytes, PIECE_BYTES) ?? assert.fail()
      assert.deepEqual(
        opened.map((piece) => piece.buffer.byteLength),
        [PIECE_BYTES, PIECE_BYTES, PIECE_BYTES - 1],
      )
      assert.deepEqual(Buffer.concat(opened), plain)
    }
  })

  it('is bound to everything that names it: with any of it changed, nothing opens', () => {
    const { place, bytes } = sealed(text, true)
    const other = asChunkId('cc'.repeat(32))
    const changed: [ChunkKeys, SealedPlace][] = [
      [{ ...keys, bucket: asId('0c'.repeat(16)) }, place],
      [{ ...keys, dataKey: new Uint8Array(32).fill(3) }, place],
      [
        { ...keys, keyEpoch: 8 },
        { ...place, keyEpoch: 8 },
      ],
      [keys, { ...place, keyEpoch: 8 }],
      [keys, { ...place, chunk: other }],
      [keys, { ...place, nonce: new Uint8Array(12) }],
      [keys, { ...place, codec: CODEC_NONE }],
      [keys, { ...place, plainBytes: place.plainBytes - 1 }],
      [keys, { ...place, plainBytes: place.plainBytes + 1 }],
      [keys, { ...place, storedBytes: place.storedBytes - 1 }],
      [keys, { ...place, suite: 2 }],
    ]
    for (const [underKeys, at] of changed) assert.equal(openChunk(underKeys, at, bytes, PIECE_BYTES), undefined)
  })

  it('does not open with any one bit of it flipped', () => {
    const { place, bytes } = sealed(text.subarray(0, 200), false)
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const flipped = Uint8Array.from(bytes)
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      assert.equal(openChunk(keys, place, flipped, PIECE_BYTES), undefined)
    }
    assert.equal(place.storedBytes, 200 + TAG_BYTES)
  })

  it('has the key that HKDF-Expand gives: its one block is that of the whole HKDF for an extracted key', async () => {
    // HKDF = Expand(Extract(salt, secret)): with the extracted key as data key, both must seal alike.
    const secret = new Uint8Array(32).fill(5)
    const salt = new Uint8Array(32).fill(6)
    const { createHmac, createDecipheriv } = await import('node:crypto')
    const dataKey = createHmac('sha256', salt).update(secret).digest()
    const plain = Buffer.from('known')
    const id = nameChunk(keys, plain)
    const info = Buffer.concat([Buffer.from('holdfast 1 chunk'), Buffer.from(id, 'hex')])
    const chunkKey = Buffer.from(hkdfSync('sha256', secret, salt, info, 32))
    const chunk = sealChunk({ ...keys, dataKey }, { id, plain, compress: false }, nonce)
    const decipher = createDecipheriv('aes-256-gcm', chunkKey, nonce)
    const length = Buffer.alloc(4)
    length.writeUInt32BE(plain.length)
    const aad = [
      Buffer.of(1),
      Buffer.from(keys.bucket, 'hex'),
      Buffer.of(0, 0, 0, 7),
      Buffer.from(id, 'hex'),
      Buffer.of(0),
      length,
    ]
    decipher.setAAD(Buffer.concat(aad))
    decipher.setAuthTag(chunk.tag)
    assert.deepEqual(Buffer.concat([decipher.update(chunk.ciphertext), decipher.final()]), plain)
  })
})
