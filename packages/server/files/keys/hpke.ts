/**
 * HPKE (RFC 9180) in base mode, one message per call: DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-256-GCM. Whoever knows the
 * public half of a key seals; only the private half opens. Each seal makes a key pair of its own, sends its public half along
 * as the *encapsulated key*, and both sides come to the same secret:
 *
 *     X25519(ephemeral, recipient) → shared secret → key schedule (info) → key, nonce → AES-256-GCM (AAD)
 *
 * Names are the RFC's. One message has the sequence number 0, so its nonce is the base nonce.
 */
import { createCipheriv, createDecipheriv, diffieHellman, type KeyObject } from 'node:crypto'
import type { Random } from '../../seams/random.ts'
import { expand, extract } from './hkdf.ts'
import { privateKeyOf, publicHalfOf, publicKeyOf, X25519_BYTES } from './x25519.ts'

/** What both sides must say alike: what the message is for, and what it belongs to. */
export interface HpkeContext {
  readonly info: Uint8Array
  readonly aad: Uint8Array
}

export interface HpkeMessage {
  readonly encapsulatedKey: Uint8Array
  /** With its tag behind it. */
  readonly ciphertext: Uint8Array
}

const VERSION = Buffer.from('HPKE-v1')
const KEM_SUITE = Buffer.from('KEM\x00\x20', 'latin1')
const HPKE_SUITE = Buffer.from('HPKE\x00\x20\x00\x01\x00\x02', 'latin1')
const MODE_BASE = Uint8Array.of(0)
const CIPHER = 'aes-256-gcm'
const KEY_BYTES = 32
const NONCE_BYTES = 12
const TAG_BYTES = 16
const NOTHING = new Uint8Array()

export function hpkeSeal(recipient: Uint8Array, context: HpkeContext, plain: Uint8Array, random: Random): HpkeMessage {
  const ephemeral = deriveKeyPair(random.bytes(X25519_BYTES))
  const encapsulatedKey = publicHalfOf(ephemeral)
  const dh = diffieHellman({ privateKey: ephemeral, publicKey: publicKeyOf(recipient) })
  const { key, nonce } = keySchedule(sharedSecret(dh, encapsulatedKey, recipient), context.info)
  const cipher = createCipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES })
  cipher.setAAD(context.aad)
  const ciphertext = Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()])
  return { encapsulatedKey, ciphertext }
}

/** The plain bytes, or undefined where key, context or a byte of the message is another. */
export function hpkeOpen(recipient: KeyObject, context: HpkeContext, message: HpkeMessage): Uint8Array | undefined {
  const { encapsulatedKey, ciphertext } = message
  if (encapsulatedKey.length !== X25519_BYTES || ciphertext.length < TAG_BYTES) return undefined
  const body = ciphertext.subarray(0, ciphertext.length - TAG_BYTES)
  try {
    // Throws for the few public keys whose secret would be all zeros, as the RFC wants.
    const dh = diffieHellman({ privateKey: recipient, publicKey: publicKeyOf(encapsulatedKey) })
    const { key, nonce } = keySchedule(sharedSecret(dh, encapsulatedKey, publicHalfOf(recipient)), context.info)
    const decipher = createDecipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES })
    decipher.setAAD(context.aad)
    decipher.setAuthTag(ciphertext.subarray(body.length))
    return Buffer.concat([decipher.update(body), decipher.final()])
  } catch {
    return undefined
  }
}

function deriveKeyPair(ikm: Uint8Array): KeyObject {
  const prk = labeledExtract(KEM_SUITE, NOTHING, 'dkp_prk', ikm)
  return privateKeyOf(labeledExpand(KEM_SUITE, prk, 'sk', NOTHING, X25519_BYTES))
}

function sharedSecret(dh: Uint8Array, encapsulatedKey: Uint8Array, recipient: Uint8Array): Uint8Array {
  const prk = labeledExtract(KEM_SUITE, NOTHING, 'eae_prk', dh)
  return labeledExpand(KEM_SUITE, prk, 'shared_secret', Buffer.concat([encapsulatedKey, recipient]), KEY_BYTES)
}

function keySchedule(shared: Uint8Array, info: Uint8Array): { key: Uint8Array; nonce: Uint8Array } {
  const pskIdHash = labeledExtract(HPKE_SUITE, NOTHING, 'psk_id_hash', NOTHING)
  const infoHash = labeledExtract(HPKE_SUITE, NOTHING, 'info_hash', info)
  const context = Buffer.concat([MODE_BASE, pskIdHash, infoHash])
  const secret = labeledExtract(HPKE_SUITE, shared, 'secret', NOTHING)
  return {
    key: labeledExpand(HPKE_SUITE, secret, 'key', context, KEY_BYTES),
    nonce: labeledExpand(HPKE_SUITE, secret, 'base_nonce', context, NONCE_BYTES),
  }
}

function labeledExtract(suite: Uint8Array, salt: Uint8Array, label: string, input: Uint8Array): Uint8Array {
  return extract(salt, Buffer.concat([VERSION, suite, Buffer.from(label), input]))
}

function labeledExpand(
  suite: Uint8Array,
  prk: Uint8Array,
  label: string,
  info: Uint8Array,
  lengthBytes: number,
): Uint8Array {
  const length = Uint8Array.of(lengthBytes >> 8, lengthBytes & 0xff)
  return expand(prk, Buffer.concat([length, VERSION, suite, Buffer.from(label), info]), lengthBytes)
}
