/**
 * The keys that a cluster stands on, from their files. They are made at the first start only: a cluster whose master key is
 * missing has lost a disk or a mount, and a new key would look like a start and open nothing.
 */
import type { KeyObject } from 'node:crypto'
import type { IdMaker } from '@holdfast/core/wire/ids.ts'
import type { Random } from '../../seams/random.ts'
import { type SecretFiles, SecretRefusedError } from '../../seams/secret-files.ts'
import { formatMasterKeys, type MasterKey, MasterKeys, makeMasterKey, parseMasterKeys } from './master-keys.ts'
import { formatRecoveryKey, makeRecoveryKey, parseRecoveryKey } from './recovery-key.ts'
import { publicHalfOf } from './x25519.ts'

const MASTER_FILE = 'keys/master.key'
const RECOVERY_FILE = 'recovery.key'

/** Keys may be made only where the catalog knows no cluster yet; where it does, it knows the recovery key's public half. */
export type KeysExpected =
  | { readonly mayCreate: true }
  | { readonly mayCreate: false; readonly recoveryPublicKey: Uint8Array }

export interface KeyFiles {
  readonly masterKeys: MasterKeys
  readonly recoveryPublicKey: Uint8Array
  /** What a person must know now: at a first start, what is lost with which file. */
  readonly sentences: readonly string[]
}

/** A first start that was cut off is a first start again: it takes the files that it finds. @throws SecretRefusedError */
export async function openKeyFiles(
  secrets: SecretFiles,
  seams: { random: Random; ids: IdMaker },
  expected: KeysExpected,
): Promise<KeyFiles> {
  const masterKeys = (await readMasterKeys(secrets)) ?? (await createMasterKeys(secrets, seams, expected))
  const recoveryKey = await readRecoveryKey(secrets)
  return {
    masterKeys: new MasterKeys(masterKeys, seams.random),
    recoveryPublicKey: expected.mayCreate
      ? publicHalfOf(recoveryKey ?? (await createRecoveryKey(secrets, seams.random)))
      : known(secrets, recoveryKey, expected.recoveryPublicKey),
    sentences: expected.mayCreate ? firstStartSentences(secrets) : [],
  }
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
      `${secrets.pathOf(MASTER_FILE)} is missing, and this cluster was made with it: put the file back, or mount the disk that holds it, ` +
        'a new key would open nothing',
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

/** The file may be kept elsewhere; one that lies here and opens nothing would be found out on the day that it is needed. */
function known(secrets: SecretFiles, here: KeyObject | undefined, expected: Uint8Array): Uint8Array {
  if (here !== undefined && !Buffer.from(expected).equals(publicHalfOf(here))) {
    throw new SecretRefusedError(
      `${secrets.pathOf(RECOVERY_FILE)} is not the recovery key of this cluster: put the right one there, or move this one away`,
    )
  }
  return expected
}

function firstStartSentences(secrets: SecretFiles): string[] {
  const master = secrets.pathOf(MASTER_FILE)
  const recovery = secrets.pathOf(RECOVERY_FILE)
  return [
    `Keys were made: ${master} and ${recovery}. Copy both to another machine or on paper now, ${master} first: without it no file can be read.`,
    `${recovery} is to give a lost ${master} back, and no command does that yet. If both are lost, every file is lost for ever.`,
    `Whoever has one of the two, and the catalog or the nodes, can read every plain bucket.`,
  ]
}
