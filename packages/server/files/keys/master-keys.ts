/**
 * Master keys: they wrap every key of a bucket, and the journal's key is derived from one. A cluster has one, and after a
 * rotation several: the newest wraps, each opens what it wrapped. `keys/master.key` holds them, a line each, the newest last;
 * `docs/formats.md`, *Keys*, has the bytes.
 */
import { createCipheriv, createDecipheriv, createSecretKey, type KeyObject } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { KEY_BYTES, NONCE_BYTES, TAG_BYTES } from '@holdfast/core/sealing/chunk-format.ts'
import { assert } from '@holdfast/core/wire/assert.ts'
import { HoldfastError } from '@holdfast/core/wire/errors.ts'
import { asId, type Id, type IdMaker } from '@holdfast/core/wire/ids.ts'
import type { Random } from '../../seams/random.ts'
import { SecretRefusedError } from '../../seams/secret-files.ts'
import { expand } from './hkdf.ts'

export interface MasterKey {
  readonly id: Id
  readonly key: KeyObject
}

/** Which key is wrapped: a wrapped key opens in its own place only. The key of chunk ids has no epochs and says 0. */
export interface WrappedFor {
  readonly purpose: keyof typeof PURPOSES
  readonly bucket: Id
  readonly epoch: number
}

const PURPOSES = { data: 1, id: 2 } as const
const CIPHER = 'aes-256-gcm'
const WRAP_LABEL = 'holdfast 1 wrap'
const JOURNAL_LABEL = 'holdfast 1 journal'
const FORMAT = 1
const ID_BYTES = 16
const HEAD_BYTES = 1 + ID_BYTES + NONCE_BYTES

const LINE_NAME = 'holdfast-master-key'
const LINE = /^(holdfast-master-key 1 ([0-9a-f]{32}) ([0-9a-f]{64})) ([0-9a-f]{8})$/
const LINE_OF_A_NEWER_FORMAT = /^holdfast-master-key (?!1 )\d+ /

export function makeMasterKey(random: Random, ids: IdMaker): MasterKey {
  return { id: ids.next(), key: createSecretKey(random.bytes(KEY_BYTES)) }
}

export function formatMasterKeys(keys: readonly MasterKey[]): string {
  return keys.map(({ id, key }) => withCrc(`${LINE_NAME} ${FORMAT} ${id} ${key.export().toString('hex')}`)).join('')
}

/** `path` is for the sentence only. @throws SecretRefusedError at the first line that is not whole */
export function parseMasterKeys(text: string, path: string): MasterKey[] {
  const keys = text
    .replace(/\n$/, '')
    .split('\n')
    .map((line, index) => parseLine(line, `line ${index + 1} of ${path}`))
  const ids = new Set(keys.map(({ id }) => id))
  if (ids.size < keys.length) throw new SecretRefusedError(`${path} holds two master keys with one id`)
  return keys
}

function parseLine(line: string, where: string): MasterKey {
  if (LINE_OF_A_NEWER_FORMAT.test(line)) throw new SecretRefusedError(`${where} was written by a newer Holdfast`)
  const [, body, id, key, crc] = LINE.exec(line) ?? []
  if (body === undefined || id === undefined || key === undefined || crc !== crcOf(body)) {
    throw new SecretRefusedError(
      `${where} is damaged: put a good copy there; a command that gets it back by the recovery key comes with a later release`,
    )
  }
  return { id: asId(id), key: createSecretKey(Buffer.from(key, 'hex')) }
}

function withCrc(body: string): string {
  return `${body} ${crcOf(body)}\n`
}

function crcOf(body: string): string {
  return crc32(body).toString(16).padStart(8, '0')
}

export class MasterKeys {
  /** The newest last. */
  readonly all: readonly MasterKey[]
  readonly #newest: MasterKey
  readonly #wrappingKeys: ReadonlyMap<Id, KeyObject>
  readonly #random: Random

  constructor(keys: readonly MasterKey[], random: Random) {
    const newest = keys.at(-1)
    assert(newest !== undefined, 'a cluster has a master key')
    this.all = keys
    this.#newest = newest
    this.#wrappingKeys = new Map(keys.map(({ id, key }) => [id, createSecretKey(expand(key, WRAP_LABEL))]))
    this.#random = random
  }

  /** Under the newest key. */
  wrap(target: WrappedFor, key: Uint8Array): Uint8Array {
    const nonce = this.#random.bytes(NONCE_BYTES)
    const cipher = createCipheriv(CIPHER, this.#wrappingKey(this.#newest.id), nonce, { authTagLength: TAG_BYTES })
    cipher.setAAD(aadOf(target))
    const sealed = [cipher.update(key), cipher.final()]
    return Buffer.concat([
      Uint8Array.of(FORMAT),
      Buffer.from(this.#newest.id, 'hex'),
      nonce,
      ...sealed,
      cipher.getAuthTag(),
    ])
  }

  /** @throws format_unknown where the master key is not here, or the bytes are not what was wrapped for this */
  unwrap(target: WrappedFor, wrapped: Uint8Array): Uint8Array {
    const what = `the ${target.purpose} key of bucket ${target.bucket}, epoch ${target.epoch},`
    const bytes = Buffer.from(wrapped.buffer, wrapped.byteOffset, wrapped.length)
    if (bytes[0] !== FORMAT)
      throw new HoldfastError('format_unknown', `${what} is wrapped in a format of a newer Holdfast`)
    if (bytes.length <= HEAD_BYTES + TAG_BYTES) throw damaged(what)
    const wrappingKey = this.#wrappingKey(asId(bytes.toString('hex', 1, 1 + ID_BYTES)))
    const nonce = bytes.subarray(1 + ID_BYTES, HEAD_BYTES)
    const decipher = createDecipheriv(CIPHER, wrappingKey, nonce, { authTagLength: TAG_BYTES })
    decipher.setAAD(aadOf(target))
    decipher.setAuthTag(bytes.subarray(bytes.length - TAG_BYTES))
    const key = decipher.update(bytes.subarray(HEAD_BYTES, bytes.length - TAG_BYTES))
    try {
      decipher.final()
    } catch (error) {
      throw damaged(what, error)
    }
    return key
  }

  /** Of the newest master key, or of the one that a record names. @throws format_unknown where that one is not here */
  journalKey(masterKey: Id = this.#newest.id): KeyObject {
    const found = this.all.find(({ id }) => id === masterKey)
    if (found === undefined) throw missing(masterKey)
    return createSecretKey(expand(found.key, JOURNAL_LABEL))
  }

  #wrappingKey(masterKey: Id): KeyObject {
    const key = this.#wrappingKeys.get(masterKey)
    if (key === undefined) throw missing(masterKey)
    return key
  }
}

function aadOf({ purpose, bucket, epoch }: WrappedFor): Uint8Array {
  const tail = Buffer.alloc(5)
  tail.writeUInt8(PURPOSES[purpose])
  tail.writeUInt32BE(epoch, 1)
  return Buffer.concat([Buffer.from(WRAP_LABEL), Buffer.from(bucket, 'hex'), tail])
}

function missing(masterKey: Id): HoldfastError {
  return new HoldfastError(
    'format_unknown',
    `the master key ${masterKey} is not in keys/master.key: put the file back that holds it`,
    {
      details: { masterKey },
    },
  )
}

function damaged(what: string, cause?: unknown): HoldfastError {
  return new HoldfastError(
    'format_unknown',
    `${what} does not open: it is damaged, or was wrapped for something else`,
    { cause },
  )
}
