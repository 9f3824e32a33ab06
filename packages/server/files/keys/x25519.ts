/** X25519 keys of Node.js from their 32 raw bytes, and back. */
import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto'

export const X25519_BYTES = 32
const X25519 = 'x25519'

export function privateKeyOf(raw: Uint8Array): KeyObject {
  return createPrivateKey({ key: Buffer.from(raw), format: 'raw-private', asymmetricKeyType: X25519 })
}

export function publicKeyOf(raw: Uint8Array): KeyObject {
  return createPublicKey({ key: Buffer.from(raw), format: 'raw-public', asymmetricKeyType: X25519 })
}

/** The public half of a private key. */
export function publicHalfOf(privateKey: KeyObject): Uint8Array {
  return createPublicKey(privateKey).export({ format: 'raw-public' })
}

export function isX25519(key: KeyObject): boolean {
  return key.asymmetricKeyType === X25519
}
