import { type NodeOrder, nodeOrder } from '../node-orders.ts'
import { query, type Transaction } from '../transaction.ts'

export interface PendingOrdersArgs {
  readonly node: number
  readonly limit: number
}

/** What a node has not confirmed, in the order in which it was ordered. */
export const pendingOrders: Transaction<PendingOrdersArgs, NodeOrder[]> = {
  name: 'pendingOrders',
  *run({ node, limit }) {
    const rows = yield* query(
      'SELECT * FROM node_orders WHERE node = ? ORDER BY sequence, stripe_id, shard LIMIT ?',
      node,
      limit,
    )
    return rows.map(nodeOrder)
  },
}
