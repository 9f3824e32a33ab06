/**
 * Records that the node itself writes (tombstones, identity), and those of tests: memory of the right length with the payload in
 * place and the block table filled. Shards come ready from the compute workers' memory.
 */
import { hash } from 'node:crypto'
import type { Sha256 } from '@holdfast/core/wire/ids.ts'
import { fillBlockTable, payloadOffsetOf, recordLengthOf } from './record.ts'
import type { RecordBuffer } from './shard-store.ts'

export function recordBufferOf(payload: Uint8Array): RecordBuffer & { readonly sha256: Sha256 } {
  const bytes = new Uint8Array(recordLengthOf(payload.length))
  bytes.set(payload, payloadOffsetOf(payload.length))
  const sha256 = fillBlockTable(bytes, payload.length)
  return { bytes, payloadLength: payload.length, sha256 }
}

export function payloadOf({ bytes, payloadLength }: RecordBuffer): Uint8Array {
  const from = payloadOffsetOf(payloadLength)
  return bytes.subarray(from, from + payloadLength)
}

export function sha256Of(bytes: Uint8Array): Sha256 {
  // 32 bytes are 64 hex digits, so the brand holds.
  return hash('sha256', bytes) as Sha256
}
