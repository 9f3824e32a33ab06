/**
 * What a stripe can *spare*: its durable shards beyond the k that a read needs. Below zero it cannot be read. What it *lacks* are the
 * shards that are not durable, and both stand in its row, so that an index says at once how the worst of all stripes fare.
 *
 *     3 + 2, all five durable      spare 2   lacks nothing
 *     one of them expected         spare 1   lacks that one, of its node
 *
 * Indexes are counted, not entries: a shard that moves has two, and is durable if one of them is.
 */
import { assert } from '@holdfast/core/wire/assert.ts'
import { NODE_BYTES, STATES, stateOf } from './packed-shards.ts'
import type { ShardRow, ShardState } from './rows.ts'

const LACKING_BYTES = NODE_BYTES + 1

export interface Lacking {
  readonly node: number
  readonly state: ShardState
}

export function spareOf(shards: readonly ShardRow[], dataShards: number): number {
  return durableIndexes(shards).size - dataShards
}

/** Node and state of each shard that is not durable, in order of the nodes: alike for all stripes that lack the same. */
export function packLacking(shards: readonly ShardRow[]): Uint8Array {
  const durable = durableIndexes(shards)
  const lacking = shards.filter(({ index }) => !durable.has(index)).toSorted((a, b) => a.node - b.node)
  const bytes = new Uint8Array(lacking.length * LACKING_BYTES)
  const view = new DataView(bytes.buffer)
  for (const [position, { node, state }] of lacking.entries()) {
    view.setUint32(position * LACKING_BYTES, node)
    view.setUint8(position * LACKING_BYTES + NODE_BYTES, STATES.indexOf(state) + 1)
  }
  return bytes
}

/** @throws format_unknown for a state that this version does not know */
export function unpackLacking(bytes: Uint8Array): Lacking[] {
  assert(bytes.length % LACKING_BYTES === 0, 'what a stripe lacks is whole')
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  return Array.from({ length: bytes.length / LACKING_BYTES }, (_, position) => ({
    node: view.getUint32(position * LACKING_BYTES),
    state: stateOf(view.getUint8(position * LACKING_BYTES + NODE_BYTES)),
  }))
}

/** What a stripe must have to spare before anyone may rely on it: W of `protocols.md`, *Acknowledgement*, less k. */
export function spareNeeded(parityShards: number): number {
  return Math.min(parityShards, 1)
}

function durableIndexes(shards: readonly ShardRow[]): Set<number> {
  return new Set(shards.filter(({ state }) => state === 'durable').map(({ index }) => index))
}
