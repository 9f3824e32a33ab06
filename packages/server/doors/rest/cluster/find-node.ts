import { HoldfastError } from '@holdfast/core/wire/errors.ts'
import type { NodeView } from '../../../cluster/nodes.ts'

/** A node by its id, or by its number. @throws not_found */
export function findNode(nodes: readonly NodeView[], which: string): NodeView {
  const found = nodes.find(({ id, number }) => id === which || String(number) === which)
  if (found === undefined) throw new HoldfastError('not_found', `there is no node ${which}`)
  return found
}
