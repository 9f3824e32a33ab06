/**
 * The admin API key, `hf_<id>_<secret>_<checksum>`, all hex: an own id, 32 random bytes, and the CRC-32 of all before it, by which a
 * scanner for leaked secrets knows a real one and a person learns that something was lost in copying. It lies in `admin.key`;
 * removing that file and starting again makes a new one.
 *
 * What a request presents is compared in constant time; how long a key is, is no secret.
 */
import { timingSafeEqual } from 'node:crypto'
import { crc32 } from 'node:zlib'
import type { IdMaker } from '@holdfast/core/wire/ids.ts'
import type { Random } from '../seams/random.ts'
import { type SecretFiles, SecretRefusedError } from '../seams/secret-files.ts'

const FILE = 'admin.key'
const PRINCIPAL = 'admin'
const SECRET_BYTES = 32
const KEY = /^(hf_[0-9a-f]{32}_[0-9a-f]{64})_([0-9a-f]{8})$/
const BEARER = /^bearer +([!-~]{1,1024})$/i

export class AdminKey {
  readonly #key: Buffer

  private constructor(key: string) {
    this.#key = Buffer.from(key, 'latin1')
  }

  /** Reads the key from its file, or makes both. @throws SecretRefusedError where the file holds none */
  static async open(secrets: SecretFiles, seams: { random: Random; ids: IdMaker }): Promise<AdminKey> {
    const text = await secrets.read(FILE)
    if (text === undefined) {
      const key = makeKey(seams.random, seams.ids)
      await secrets.create(FILE, `${key}\n`)
      return new AdminKey(key)
    }
    const key = text.trim()
    if (!isWhole(key)) {
      throw new SecretRefusedError(
        `${secrets.pathOf(FILE)} holds no whole API key: remove it, and the next start makes a new one`,
      )
    }
    return new AdminKey(key)
  }

  /** Who sent this Authorization header; undefined alike for a key that is malformed, unknown or missing. */
  authenticate(authorization: string | undefined): { readonly principal: typeof PRINCIPAL } | undefined {
    const presented = Buffer.from(BEARER.exec(authorization ?? '')?.[1] ?? '', 'latin1')
    const isOurs = presented.length === this.#key.length && timingSafeEqual(presented, this.#key)
    return isOurs ? { principal: PRINCIPAL } : undefined
  }
}

function makeKey(random: Random, ids: IdMaker): string {
  const body = `hf_${ids.next()}_${Buffer.from(random.bytes(SECRET_BYTES)).toString('hex')}`
  return `${body}_${checksumOf(body)}`
}

function isWhole(key: string): boolean {
  const [, body, checksum] = KEY.exec(key) ?? []
  return body !== undefined && checksum === checksumOf(body)
}

function checksumOf(body: string): string {
  return crc32(body).toString(16).padStart(8, '0')
}
