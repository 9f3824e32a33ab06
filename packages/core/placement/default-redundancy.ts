/** How a bucket is kept where nobody said anything: the best that the number of nodes allows. */
import { PolicyUnplaceableError } from '../wire/errors.ts'

export interface Redundancy {
  readonly dataShards: number
  readonly parityShards: number
}

const defaults: readonly { nodesMin: number; redundancy: Redundancy }[] = [
  { nodesMin: 5, redundancy: { dataShards: 3, parityShards: 2 } },
  { nodesMin: 3, redundancy: { dataShards: 1, parityShards: 2 } },
  { nodesMin: 2, redundancy: { dataShards: 1, parityShards: 1 } },
  { nodesMin: 1, redundancy: { dataShards: 1, parityShards: 0 } },
]

/** @throws {PolicyUnplaceableError} where there is no node at all. */
export function defaultRedundancy(nodes: number): Redundancy {
  const best = defaults.find(({ nodesMin }) => nodes >= nodesMin)
  if (best === undefined) throw new PolicyUnplaceableError({ needed: 1, present: nodes })
  return best.redundancy
}
