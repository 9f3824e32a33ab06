/** The shards of a stripe in one column, 48 bytes each: `docs/formats.md`, *The catalog*. */
import { assert } from '@holdfast/core/wire/assert.ts'
import { HoldfastError } from '@holdfast/core/wire/errors.ts'
import type { Sha256 } from '@holdfast/core/wire/ids.ts'
import { bytesOf, hexOf } from './cells.ts'
import type { ShardRow, ShardState } from './rows.ts'

const SHARD_BYTES = 48
export const NODE_BYTES = 4
const NODE_MAX = 2 ** 32 - 1
const INDEX_MAX = 2 ** 8 - 1
const DAY_MAX = 2 ** 16 - 1
export const STATES: readonly ShardState[] = ['durable', 'expected', 'damaged', 'missing']

export function packShards(shards: readonly ShardRow[]): Uint8Array {
  const bytes = new Uint8Array(shards.length * SHARD_BYTES)
  const view = new DataView(bytes.buffer)
  for (const [position, { node, state, index, verifiedDay, sequence, sha256 }] of shards.entries()) {
    assert(node >= 1 && node <= NODE_MAX, `no node has the number ${node}`)
    assert(index >= 0 && index <= INDEX_MAX, `no shard has the index ${index}`)
    assert(verifiedDay >= 0 && verifiedDay <= DAY_MAX, `no shard was verified on day ${verifiedDay}`)
    const at = position * SHARD_BYTES
    view.setUint32(at, node)
    view.setUint8(at + NODE_BYTES, STATES.indexOf(state) + 1)
    view.setUint8(at + 5, index)
    view.setUint16(at + 6, verifiedDay)
    view.setBigUint64(at + 8, BigInt(sequence))
    bytes.set(bytesOf(sha256), at + 16)
  }
  return bytes
}

/** @throws format_unknown for a state that this version does not know */
export function unpackShards(bytes: Uint8Array): ShardRow[] {
  assert(bytes.length % SHARD_BYTES === 0, 'packed shards are whole')
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  // One text of which each hash is a part: this is read with every small file.
  const hex = hexOf(bytes)
  const shards: ShardRow[] = []
  for (let at = 0; at < bytes.length; at += SHARD_BYTES) {
    shards.push({
      node: view.getUint32(at),
      state: stateOf(view.getUint8(at + NODE_BYTES)),
      index: view.getUint8(at + 5),
      verifiedDay: view.getUint16(at + 6),
      sequence: Number(view.getBigUint64(at + 8)),
      sha256: hex.slice(2 * at + 32, 2 * (at + SHARD_BYTES)) as Sha256,
    })
  }
  return shards
}

/** @throws format_unknown */
export function stateOf(byte: number): ShardState {
  const state = STATES[byte - 1]
  if (state === undefined) throw new HoldfastError('format_unknown', `a shard of state ${byte}`)
  return state
}
