/**
 * The recovery key: an X25519 private key in `recovery.key`, as PEM. It opens the sealed headers that stand on every node, and
 * nothing else needs it: the file may be kept elsewhere, and is better kept there. A certificate may stand behind it in the same
 * file; a reader takes the blocks that it knows.
 */
import { createPrivateKey, type KeyObject } from 'node:crypto'
import type { Random } from '../../seams/random.ts'
import { SecretRefusedError } from '../../seams/secret-files.ts'
import { isX25519, privateKeyOf, X25519_BYTES } from './x25519.ts'

const PRIVATE_KEY_BLOCK = /-----BEGIN PRIVATE KEY-----[^-]*-----END PRIVATE KEY-----/g

export function makeRecoveryKey(random: Random): KeyObject {
  return privateKeyOf(random.bytes(X25519_BYTES))
}

export function formatRecoveryKey(key: KeyObject): string {
  return key.export({ format: 'pem', type: 'pkcs8' }).toString()
}

/** `path` is for the sentence only. @throws SecretRefusedError where it is not one whole recovery key */
export function parseRecoveryKey(text: string, path: string): KeyObject {
  const [block, another] = text.match(PRIVATE_KEY_BLOCK) ?? []
  if (block === undefined)
    throw new SecretRefusedError(
      `${path} holds no private key, and a recovery key is a PEM block: put a good copy there, or move it away`,
    )
  if (another !== undefined)
    throw new SecretRefusedError(`${path} holds two private keys: leave the recovery key alone in it`)
  let key: KeyObject
  try {
    key = createPrivateKey(block)
  } catch (cause) {
    throw new SecretRefusedError(`the private key in ${path} is damaged: put a good copy there, or move it away`, {
      cause,
    })
  }
  if (!isX25519(key))
    throw new SecretRefusedError(
      `the private key in ${path} is no recovery key, which is an X25519 key: put the right one there, or move it away`,
    )
  return key
}
