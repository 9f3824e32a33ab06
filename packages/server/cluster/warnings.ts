/** What an operator should know and act on although nothing fails: told at the start, and with the state of the cluster. */
import { defaultRedundancy } from '@holdfast/core/placement/default-redundancy.ts'
import type { Warning } from '@holdfast/core/wire/rest/cluster.ts'
import type { NodeStanding } from './health.ts'

/** From here on a file bears the death of any two nodes at two thirds of overhead. */
const NODES_ENOUGH = 5

/** Of a drive, also for the log. */
export const READS_FAIL =
  'fails to read too often and takes no new shards: look at the system log, and replace the disk or its cable'

export function warningsOf(nodes: readonly NodeStanding[], rolledBack: readonly number[]): Warning[] {
  return [...ofFewNodes(nodes), ...ofSharedZones(nodes), ...nodes.flatMap((node) => ofSuspect(node, rolledBack))]
}

function ofFewNodes({ length }: readonly NodeStanding[]): Warning[] {
  if (length === 0 || length >= NODES_ENOUGH) return []
  const { parityShards } = defaultRedundancy(length)
  const bears = ['so that no drive may die', 'so that one drive may die', 'so that two drives may die'][parityShards]
  const copies = parityShards === 0 ? 'one copy' : `${parityShards + 1} copies`
  const message = `there are ${drives(length)}, fewer than ${NODES_ENOUGH}: a bucket keeps ${copies} of what it stores, ${bears}`
  return [{ code: 'few_nodes', message }]
}

function ofSharedZones(nodes: readonly NodeStanding[]): Warning[] {
  if (nodes.length === 0) return []
  const zones = [...Map.groupBy(nodes, ({ zone }) => zone).values()]
  const { dataShards, parityShards } = defaultRedundancy(nodes.length)
  // Where the other zones leave room for it, no zone holds more shards of a stripe than it can spare.
  const roomApart = zones.reduce((sum, { length }) => sum + Math.min(length, parityShards), 0)
  const isSpread = roomApart >= dataShards + parityShards
  return zones.flatMap((together): Warning[] => {
    if (together.length < 2) return []
    const others = nodes.length - together.length
    let loss = 'when it dies, they die together'
    if (others < dataShards) loss = 'when it dies, everything is lost'
    else if (!isSpread && together.length > parityShards) loss = 'when it dies, files are lost'
    const names = others === 0 ? `all ${drives(nodes.length)}` : together.map(({ name }) => name).join(', ')
    return [{ code: 'shared_device', message: `${names} lie on one device: ${loss}` }]
  })
}

function ofSuspect({ name, number, state }: NodeStanding, rolledBack: readonly number[]): Warning[] {
  if (state !== 'suspect') return []
  if (rolledBack.includes(number)) {
    const message = `${name} went back to an older state: nothing is called readable because of what it holds`
    return [{ code: 'rolled_back', message }]
  }
  return [{ code: 'read_errors', message: `${name} ${READS_FAIL}` }]
}

function drives(count: number): string {
  return count === 1 ? '1 drive' : `${count} drives`
}
