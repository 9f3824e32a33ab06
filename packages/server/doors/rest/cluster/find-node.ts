import { HoldfastError } from '@holdfast/core/wire/errors.ts'
import type { NodeStanding } from '../../../cluster/health.ts'

/** A node by its id, or by its number. @throws not_found */
export function findNode(nodes: readonly NodeStanding[], which: string): NodeStanding {
  const found = nodes.find(({ id, number }) => id === which || String(number) === which)
  if (found === undefined) throw new HoldfastError('not_found', `there is no node ${which}`)
  return found
}
