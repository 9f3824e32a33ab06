import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Random, systemRandom } from '../../seams/random.ts'
import { hpkeOpen, hpkeSeal } from './hpke.ts'
import { privateKeyOf, publicHalfOf } from './x25519.ts'

const bytes = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, 'hex'))

/**
 * The test vectors published with RFC 9180 (test-vectors.json of the CFRG): mode 0, KEM 0x0020, KDF 0x0001, AEAD 0x0002, first
 * encryption. The RFC's appendix prints this KEM with the other two AEADs only.
 */
const vector = {
  info: bytes('4f6465206f6e2061204772656369616e2055726e'),
  ikmE: bytes('2cd7c601cefb3d42a62b04b7a9041494c06c7843818e0ce28a8f704ae7ab20f9'),
  skRm: bytes('497b4502664cfea5d5af0b39934dac72242a74f8480451e1aee7d6a53320333d'),
  pkRm: bytes('430f4b9859665145a6b1ba274024487bd66f03a2dd577d7753c68d7d7d00c00c'),
  enc: bytes('6c93e09869df3402d7bf231bf540fadd35cd56be14f97178f0954db94b7fc256'),
  aad: bytes('436f756e742d30'),
  pt: bytes('4265617574792069732074727574682c20747275746820626561757479'),
  ct: bytes('e5d84cd531cfb583096e7cfa9641bd3079cf3a91cda813c52deb5f512be9931980a41de125a925cdad859d5b7a'),
}
const context = { info: vector.info, aad: vector.aad }
const message = { encapsulatedKey: vector.enc, ciphertext: vector.ct }
const recipient = privateKeyOf(vector.skRm)

describe('HPKE', () => {
  it('seals as the published vector says', () => {
    const random: Random = { bytes: () => vector.ikmE, float: () => 0 }
    const sealed = hpkeSeal(vector.pkRm, context, vector.pt, random)
    assert.deepEqual(Buffer.from(sealed.encapsulatedKey), Buffer.from(vector.enc))
    assert.deepEqual(Buffer.from(sealed.ciphertext), Buffer.from(vector.ct))
  })

  it('opens the published vector', () => {
    assert.deepEqual(Buffer.from(publicHalfOf(recipient)), Buffer.from(vector.pkRm))
    assert.deepEqual(Buffer.from(hpkeOpen(recipient, context, message) ?? []), Buffer.from(vector.pt))
  })

  it('opens what it sealed, also nothing at all', () => {
    for (const length of [0, 1, 1000]) {
      const plain = systemRandom.bytes(length)
      const sealed = hpkeSeal(vector.pkRm, context, plain, systemRandom)
      assert.deepEqual(Buffer.from(hpkeOpen(recipient, context, sealed) ?? 'refused'), Buffer.from(plain))
    }
  })

  it('opens nothing under another key or context', () => {
    const another = privateKeyOf(systemRandom.bytes(32))
    assert.equal(hpkeOpen(another, context, message), undefined)
    assert.equal(hpkeOpen(recipient, { ...context, info: bytes('00') }, message), undefined)
    assert.equal(hpkeOpen(recipient, { ...context, aad: bytes('436f756e742d31') }, message), undefined)
  })

  it('opens nothing with a bit flipped or the end cut off', () => {
    for (let at = 0; at < vector.enc.length * 8; at++) {
      const encapsulatedKey = flipped(vector.enc, at)
      assert.equal(
        hpkeOpen(recipient, context, { ...message, encapsulatedKey }),
        undefined,
        `bit ${at} of the encapsulated key`,
      )
    }
    for (let at = 0; at < vector.ct.length * 8; at++) {
      assert.equal(
        hpkeOpen(recipient, context, { ...message, ciphertext: flipped(vector.ct, at) }),
        undefined,
        `bit ${at}`,
      )
    }
    for (let length = 0; length < vector.ct.length; length++) {
      assert.equal(hpkeOpen(recipient, context, { ...message, ciphertext: vector.ct.subarray(0, length) }), undefined)
    }
    assert.equal(hpkeOpen(recipient, context, { ...message, encapsulatedKey: vector.enc.subarray(1) }), undefined)
  })

  it('neither seals to nor opens from a public key whose secrets are all zeros', () => {
    for (const first of [0, 1]) {
      const low = new Uint8Array(32).with(0, first)
      assert.throws(() => hpkeSeal(low, context, vector.pt, systemRandom))
      assert.equal(hpkeOpen(recipient, context, { ...message, encapsulatedKey: low }), undefined)
    }
  })
})

function flipped(of: Uint8Array, bit: number): Uint8Array {
  const at = bit >> 3
  return of.with(at, (of[at] ?? 0) ^ (1 << (bit & 7)))
}
