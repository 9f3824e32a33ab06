/**
 * Health as far as nodes alone tell it: for a gateway that has no verified ages of shards yet. Of stripes of k + m shards on
 * different nodes, any m nodes may be away.
 */
import type { NodeView } from '../../../cluster/nodes.ts'
import type { Health } from '../floor.ts'

export interface StripeNeeds {
  readonly dataShards: number
  readonly parityShards: number
  readonly writeQuorum: number
}

export function nodeHealth(nodes: readonly NodeView[], { parityShards, writeQuorum }: StripeNeeds): Health {
  const away = nodes.filter(({ state }) => state !== 'online').length
  const readable = away <= parityShards
  return {
    state: away === 0 ? 'optimal' : readable ? 'degraded' : 'critical',
    readable,
    writable: nodes.filter((node) => node.writable).length >= writeQuorum,
  }
}
