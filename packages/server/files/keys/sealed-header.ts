/**
 * The sealed header: what a cluster needs to come back when its gateway's disk is gone, readable with the recovery key only. A
 * copy stands in every segment of every node. `docs/formats.md`, *Keys*, has the bytes:
 *
 *     | which recovery key (16) | format (1) | encapsulated key (32) | ciphertext of JSON, with its tag |
 */
import { createSecretKey, hash, type KeyObject } from 'node:crypto'
import { asId, type Id, isId } from '@holdfast/core/wire/ids.ts'
import { z } from 'zod'
import type { Random } from '../../seams/random.ts'
import { hpkeOpen, hpkeSeal } from './hpke.ts'
import type { MasterKey } from './master-keys.ts'
import { publicHalfOf, X25519_BYTES } from './x25519.ts'

export interface ClusterSecrets {
  readonly cluster: Id
  readonly lineage: Id
  /** Milliseconds since 1970; of two headers of one lineage the later knows more keys. */
  readonly madeAt: number
  /** The newest last. */
  readonly masterKeys: readonly MasterKey[]
}

export type OpenedHeader =
  | { readonly is: 'open'; readonly secrets: ClusterSecrets }
  | { readonly is: 'damaged' | 'format_unknown' | 'sealed_to_another_key' }

const FORMAT = 1
const INFO = Buffer.from('holdfast 1 recovery')
const KEY_NAME_BYTES = 16
const HEAD_BYTES = KEY_NAME_BYTES + 1 + X25519_BYTES

const idSchema = z.string().refine(isId).transform(asId)
const masterKeySchema = z
  .object({ id: idSchema, key: z.string().regex(/^[0-9a-f]{64}$/) })
  .transform(({ id, key }): MasterKey => ({ id, key: createSecretKey(Buffer.from(key, 'hex')) }))
/** Fields that it does not know are left to the versions that do. */
const secretsSchema = z.object({
  cluster: idSchema,
  lineage: idSchema,
  madeAt: z.int(),
  masterKeys: z.array(masterKeySchema).min(1),
})

export function sealHeader(secrets: ClusterSecrets, recoveryPublicKey: Uint8Array, random: Random): Uint8Array {
  const { cluster, lineage, madeAt } = secrets
  const masterKeys = secrets.masterKeys.map(({ id, key }) => ({ id, key: key.export().toString('hex') }))
  const plain = Buffer.from(JSON.stringify({ cluster, lineage, madeAt, masterKeys }))
  const { encapsulatedKey, ciphertext } = hpkeSeal(recoveryPublicKey, contextOf(cluster), plain, random)
  return Buffer.concat([keyNameOf(recoveryPublicKey), Uint8Array.of(FORMAT), encapsulatedKey, ciphertext])
}

/** `cluster` is what the record around the header says: a header of another cluster does not open as this one's. */
export function openHeader(sealed: Uint8Array, recoveryKey: KeyObject, cluster: Id): OpenedHeader {
  if (sealed.length < HEAD_BYTES) return { is: 'damaged' }
  if (!keyNameOf(publicHalfOf(recoveryKey)).equals(sealed.subarray(0, KEY_NAME_BYTES)))
    return { is: 'sealed_to_another_key' }
  if (sealed[KEY_NAME_BYTES] !== FORMAT) return { is: 'format_unknown' }
  const encapsulatedKey = sealed.subarray(KEY_NAME_BYTES + 1, HEAD_BYTES)
  const plain = hpkeOpen(recoveryKey, contextOf(cluster), { encapsulatedKey, ciphertext: sealed.subarray(HEAD_BYTES) })
  const secrets = plain === undefined ? undefined : parseSecrets(plain)
  return secrets?.cluster === cluster ? { is: 'open', secrets } : { is: 'damaged' }
}

function parseSecrets(plain: Uint8Array): ClusterSecrets | undefined {
  let value: unknown
  try {
    value = JSON.parse(Buffer.from(plain).toString('utf8'))
  } catch {
    return undefined
  }
  return secretsSchema.safeParse(value).data
}

function contextOf(cluster: Id): { info: Uint8Array; aad: Uint8Array } {
  return { info: INFO, aad: Buffer.from(cluster, 'hex') }
}

function keyNameOf(recoveryPublicKey: Uint8Array): Buffer {
  return hash('sha256', recoveryPublicKey, 'buffer').subarray(0, KEY_NAME_BYTES)
}
