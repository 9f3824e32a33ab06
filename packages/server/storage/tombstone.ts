/**
 * A tombstone is a record that undoes puts: up to `TOMBSTONE_ENTRIES_MAX` entries, each naming a target, a deed and the deed's
 * sequence. All entries of one record have its lineage.
 */
import type { Deed } from './facts.ts'
import { indexOf, keyOf, type ShardKey, stripeOf } from './shard-key.ts'

export const TOMBSTONE_ENTRIES_MAX = 8192
const ENTRY_BYTES = 32
const DEEDS: readonly Deed[] = ['delete', 'purge', 'restore', 'quarantine']
const TARGET_SHARD = 1
const TARGET_JOURNAL = 3
const TARGET_SNAPSHOT = 4

export interface TombstoneEntry {
  /** Of a shard, or undefined where the target is the journal or a snapshot. */
  readonly key: ShardKey | undefined
  readonly deed: Deed
  readonly sequence: number
  /** The entry as it is stored, for compaction. */
  readonly bytes: Uint8Array
}

export function tombstoneEntry(key: ShardKey, deed: Deed, sequence: number): TombstoneEntry {
  const bytes = Buffer.alloc(ENTRY_BYTES)
  bytes.write(stripeOf(key), 0, 'hex')
  bytes[16] = indexOf(key)
  bytes[17] = DEEDS.indexOf(deed) + 1
  bytes[18] = TARGET_SHARD
  bytes.writeBigUInt64BE(BigInt(sequence), 24)
  return { key, deed, sequence, bytes }
}

export function encodeTombstone(entries: readonly TombstoneEntry[]): Buffer {
  return Buffer.concat(entries.map((entry) => entry.bytes))
}

/** The entries of a payload that its checksums found whole; undefined where it is not of this format. */
export function parseTombstone(payload: Buffer): TombstoneEntry[] | undefined {
  if (payload.length % ENTRY_BYTES !== 0) return undefined
  const entries: TombstoneEntry[] = []
  for (let at = 0; at < payload.length; at += ENTRY_BYTES) {
    const bytes = payload.subarray(at, at + ENTRY_BYTES)
    const deed = DEEDS[bytes.readUInt8(17) - 1]
    const target = bytes[18]
    const sequence = Number(bytes.readBigUInt64BE(24))
    if (deed === undefined || !Number.isSafeInteger(sequence)) return undefined
    if (target !== TARGET_SHARD && target !== TARGET_JOURNAL && target !== TARGET_SNAPSHOT) return undefined
    const key = target === TARGET_SHARD ? keyOf(bytes.toString('hex', 0, 16), bytes.readUInt8(16)) : undefined
    entries.push({ key, deed, sequence, bytes })
  }
  return entries
}
