/** The shards of a stripe in one column, 40 bytes each in order of index: `docs/formats.md`, *The catalog*. */
import { assert } from '@holdfast/core/wire/assert.ts'
import { HoldfastError } from '@holdfast/core/wire/errors.ts'
import { asSha256 } from '@holdfast/core/wire/ids.ts'
import { bytesOf, hexOf } from './cells.ts'
import type { ShardRow, ShardState } from './rows.ts'

const SHARD_BYTES = 40
const NODE_MAX = 2 ** 32 - 1
const DAY_MAX = 2 ** 16 - 1
const STATES: readonly ShardState[] = ['durable', 'expected', 'damaged', 'missing']

export function packShards(shards: readonly ShardRow[]): Uint8Array {
  const bytes = new Uint8Array(shards.length * SHARD_BYTES)
  const view = new DataView(bytes.buffer)
  for (const [index, shard] of shards.entries()) {
    assert(shard.node >= 1 && shard.node <= NODE_MAX, `no node has the number ${shard.node}`)
    assert(shard.verifiedDay >= 0 && shard.verifiedDay <= DAY_MAX, `no shard was verified on day ${shard.verifiedDay}`)
    const at = index * SHARD_BYTES
    view.setUint32(at, shard.node)
    bytes[at + 4] = STATES.indexOf(shard.state) + 1
    view.setUint16(at + 6, shard.verifiedDay)
    bytes.set(bytesOf(shard.sha256), at + 8)
  }
  return bytes
}

/** @throws format_unknown for a state that this version does not know */
export function unpackShards(bytes: Uint8Array): ShardRow[] {
  assert(bytes.length % SHARD_BYTES === 0, 'packed shards are whole')
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const shards: ShardRow[] = []
  for (let at = 0; at < bytes.length; at += SHARD_BYTES) {
    const state = STATES[view.getUint8(at + 4) - 1]
    if (state === undefined) throw new HoldfastError('format_unknown', `a shard of state ${view.getUint8(at + 4)}`)
    const sha256 = asSha256(hexOf(bytes.subarray(at + 8, at + SHARD_BYTES)))
    shards.push({ node: view.getUint32(at), state, verifiedDay: view.getUint16(at + 6), sha256 })
  }
  return shards
}

export function countNotDurable(shards: readonly ShardRow[]): number {
  return shards.filter((shard) => shard.state !== 'durable').length
}
