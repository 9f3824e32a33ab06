/** What a store refuses, whatever it keeps its shards in. Orders come from one catalog, and a later one wins. */
import { HoldfastError } from '@holdfast/core/wire/errors.ts'
import type { Id } from '@holdfast/core/wire/ids.ts'
import type { ShardState } from './facts.ts'
import type { ShardKey } from './shard-key.ts'
import type { ByteRange, Order, ShardPut } from './shard-store.ts'

/** A catalog of another lineage does not know what this one ordered. */
export function refuseLineage(order: Order, lineage: Id): void {
  if (order.lineage !== lineage)
    throw new HoldfastError('order_refused', 'the order comes from another catalog than this disk')
}

/** Puts of a lower number came too late: see `ShardStore.closePuts`. */
export function refuseClosedPut(order: Order, below: number): void {
  if (order.sequence < below)
    throw new HoldfastError('session_ended', `puts below ${below} are closed, and this one is of ${order.sequence}`)
}

export function refuseLatePut(state: ShardState, put: ShardPut): void {
  if (state.undoneAt >= put.order.sequence) {
    throw new HoldfastError(
      'order_refused',
      `the shard was deleted or purged at ${state.undoneAt}, after this put was ordered`,
    )
  }
  const known = state.puts[0]
  if (known !== undefined && known.sha256 !== put.sha256) {
    throw new HoldfastError('conflict', 'the shard is here with other bytes')
  }
}

/**
 * The keys for which a deed is due: those that are not here, and those that are in the trash and shall go there, are passed
 * over. @throws order_refused if the order is not higher than all that happened to one of them; then nothing is done
 */
export function orderedDeeds(
  deed: 'delete' | 'purge',
  keys: readonly ShardKey[],
  order: Order,
  stateOfKey: (key: ShardKey) => ShardState,
): ShardKey[] {
  return keys.filter((key) => {
    const { puts, trashed, undoneAt } = stateOfKey(key)
    const newest = puts[0]
    if (newest === undefined || (deed === 'delete' && trashed)) return false
    const last = Math.max(newest.sequence, undoneAt)
    if (order.sequence <= last)
      throw new HoldfastError('order_refused', `a ${deed} of ${order.sequence} comes after one of ${last}`)
    return true
  })
}

export function holdsRange(payloadLength: number, { offset, length }: ByteRange): boolean {
  return offset >= 0 && length >= 1 && offset + length <= payloadLength
}

export function refuseRange(payloadLength: number, range: ByteRange): void {
  if (holdsRange(payloadLength, range)) return
  const { offset, length } = range
  throw new HoldfastError('range_not_satisfiable', `a shard of ${payloadLength} bytes has no range ${offset}+${length}`)
}
