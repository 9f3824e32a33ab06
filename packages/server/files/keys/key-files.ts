/**
 * The keys that a cluster stands on, from their files. They are made at the first start only: a cluster whose master key is
 * missing has lost a disk or a mount, and a new key would look like a start and open nothing. A key of another cluster would do worse:
 * what is written with it, no copy of the right one ever opens. So a key is taken only where it opens what the catalog has *wrapped*.
 */
import type { KeyObject } from 'node:crypto'
import { hasCode } from '@holdfast/core/wire/errors.ts'
import type { IdMaker } from '@holdfast/core/wire/ids.ts'
import type { BucketRow, ClusterRow } from '../../catalog/rows.ts'
import type { Random } from '../../seams/random.ts'
import { type SecretFiles, SecretRefusedError } from '../../seams/secret-files.ts'
import {
  formatMasterKeys,
  type MasterKey,
  MasterKeys,
  makeMasterKey,
  parseMasterKeys,
  type WrappedFor,
} from './master-keys.ts'
import { formatRecoveryKey, makeRecoveryKey, parseRecoveryKey } from './recovery-key.ts'
import { openHeader } from './sealed-header.ts'
import { publicHalfOf } from './x25519.ts'

const MASTER_FILE = 'keys/master.key'
const RECOVERY_FILE = 'recovery.key'

/** Keys may be made only where the catalog knows no cluster yet; where it does, it knows what they open. */
export type KeysExpected =
  | { readonly mayCreate: true }
  | {
      readonly mayCreate: false
      readonly cluster: Pick<ClusterRow, 'clusterId' | 'recoveryPublicKey' | 'sealedHeader'>
      readonly wrapped: readonly WrappedKey[]
    }

export interface WrappedKey {
  readonly target: WrappedFor
  readonly bytes: Uint8Array
}

export interface KeyFiles {
  readonly masterKeys: MasterKeys
  readonly recoveryPublicKey: Uint8Array
  /** What a person must know now: at a first start what is lost with which file, later what lies where it should not. */
  readonly sentences: readonly string[]
}

/** A first start that was cut off is a first start again: it takes the files that it finds. @throws SecretRefusedError */
export async function openKeyFiles(
  secrets: SecretFiles,
  seams: { random: Random; ids: IdMaker },
  expected: KeysExpected,
): Promise<KeyFiles> {
  const keys = (await readMasterKeys(secrets)) ?? (await createMasterKeys(secrets, seams, expected))
  const masterKeys = new MasterKeys(keys, seams.random)
  const recoveryKey = await readRecoveryKey(secrets)
  if (expected.mayCreate) {
    const recoveryPublicKey = publicHalfOf(recoveryKey ?? (await createRecoveryKey(secrets, seams.random)))
    return { masterKeys, recoveryPublicKey, sentences: firstStartSentences(secrets) }
  }
  const { cluster, wrapped } = expected
  if (!opensWhatIsThere(masterKeys, wrapped)) throw foreignMasterKey(secrets)
  if (recoveryKey !== undefined) assertKnown(secrets, recoveryKey, cluster, masterKeys)
  const sentences = recoveryKey === undefined ? [] : [stillHere(secrets)]
  return { masterKeys, recoveryPublicKey: cluster.recoveryPublicKey, sentences }
}

/** What the catalog has wrapped for a bucket. */
export function wrappedFor({ bucket, wrappedIdKey, keys }: BucketRow): WrappedKey[] {
  return [
    { target: { purpose: 'id', bucket, epoch: 0 }, bytes: wrappedIdKey },
    ...keys.map(({ epoch, wrappedKey }) => ({
      target: { purpose: 'data', bucket, epoch } as const,
      bytes: wrappedKey,
    })),
  ]
}

async function readMasterKeys(secrets: SecretFiles): Promise<MasterKey[] | undefined> {
  const text = await secrets.read(MASTER_FILE)
  return text === undefined ? undefined : parseMasterKeys(text, secrets.pathOf(MASTER_FILE))
}

async function createMasterKeys(
  secrets: SecretFiles,
  { random, ids }: { random: Random; ids: IdMaker },
  { mayCreate }: KeysExpected,
): Promise<MasterKey[]> {
  if (!mayCreate) {
    throw new SecretRefusedError(
      `${secrets.pathOf(MASTER_FILE)} is missing, and this cluster was made with it: put the file back from your copy, or mount the disk that holds it. ` +
        'No new key was made, for it would open nothing of what is stored',
    )
  }
  const keys = [makeMasterKey(random, ids)]
  await secrets.create(MASTER_FILE, formatMasterKeys(keys))
  return keys
}

async function readRecoveryKey(secrets: SecretFiles): Promise<KeyObject | undefined> {
  const text = await secrets.read(RECOVERY_FILE)
  return text === undefined ? undefined : parseRecoveryKey(text, secrets.pathOf(RECOVERY_FILE))
}

async function createRecoveryKey(secrets: SecretFiles, random: Random): Promise<KeyObject> {
  const key = makeRecoveryKey(random)
  await secrets.create(RECOVERY_FILE, formatRecoveryKey(key))
  return key
}

/** One wrapped key may be damaged, which is its bucket's loss; a master key that is not here is everybody's. */
function opensWhatIsThere(masterKeys: MasterKeys, wrapped: readonly WrappedKey[]): boolean {
  const opened = wrapped.map(({ target, bytes }): 'opened' | 'damaged' | 'missing' => {
    try {
      masterKeys.unwrap(target, bytes)
      return 'opened'
    } catch (error) {
      if (!hasCode(error, 'format_unknown')) throw error
      return 'masterKey' in error.details ? 'missing' : 'damaged'
    }
  })
  return !opened.includes('missing') && (opened.length === 0 || opened.includes('opened'))
}

/** The file may be kept elsewhere; one that lies here and opens nothing would be found out on the day that it is needed. */
function assertKnown(
  secrets: SecretFiles,
  here: KeyObject,
  { clusterId, recoveryPublicKey, sealedHeader }: Pick<ClusterRow, 'clusterId' | 'recoveryPublicKey' | 'sealedHeader'>,
  masterKeys: MasterKeys,
): void {
  if (!Buffer.from(recoveryPublicKey).equals(publicHalfOf(here))) {
    throw new SecretRefusedError(
      `${secrets.pathOf(RECOVERY_FILE)} is not the recovery key of this cluster: put the right one there, or move this one away`,
    )
  }
  const opened = openHeader(sealedHeader, here, clusterId)
  const newest = masterKeys.all.at(-1)
  // Where no bucket has a wrapped key yet, this alone tells a key of another cluster.
  const isSealed = (each: MasterKey): boolean => newest !== undefined && each.key.equals(newest.key)
  if (opened.is === 'open' && !opened.secrets.masterKeys.some(isSealed)) throw foreignMasterKey(secrets)
}

function foreignMasterKey(secrets: SecretFiles): SecretRefusedError {
  const path = secrets.pathOf(MASTER_FILE)
  return new SecretRefusedError(
    `${path} is not the master key of this catalog: it does not open what is stored. Nothing was changed. Put the ${MASTER_FILE} back ` +
      'that was made together with this catalog, or name the directory that this key belongs to with --data',
  )
}

function stillHere(secrets: SecretFiles): string {
  const path = secrets.pathOf(RECOVERY_FILE)
  return (
    `${path} is still on this machine, where it is lost together with the key that it is to give back. Copy it to another place and ` +
    'remove it here: no start needs it'
  )
}

function firstStartSentences(secrets: SecretFiles): string[] {
  const master = secrets.pathOf(MASTER_FILE)
  const recovery = secrets.pathOf(RECOVERY_FILE)
  return [
    `The keys of this new store are ${master} and ${recovery}. Copy both to another machine or on paper now, ${master} first: without it no file can be read.`,
    `${recovery} is to give a lost ${master} back, and no command does that yet. If both are lost, every file is lost for ever.`,
    `Nothing that runs needs ${recovery}: once it is copied, remove it here. Every start says so while it is still there.`,
    `Whoever has one of the two, and the catalog or the nodes, can read every plain bucket.`,
  ]
}
