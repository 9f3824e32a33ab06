import { byKeys } from '../batches.ts'
import { bytesOf } from '../cells.ts'
import type { NodeOrder } from '../node-orders.ts'
import type { Transaction } from '../transaction.ts'

export interface OrdersDoneArgs {
  readonly node: number
  readonly orders: readonly Pick<NodeOrder, 'stripe' | 'index' | 'sequence'>[]
}

const deleteOrders = byKeys('DELETE FROM node_orders WHERE node = ? AND sequence = ? AND shard = ? AND stripe_id IN')

/** The node has carried them out, or never had these shards. */
export const ordersDone: Transaction<OrdersDoneArgs, void> = {
  name: 'ordersDone',
  *run({ node, orders }) {
    for (const [sequence, ordered] of Map.groupBy(orders, (order) => order.sequence)) {
      for (const [index, alike] of Map.groupBy(ordered, (order) => order.index)) {
        yield* deleteOrders(
          [node, sequence, index],
          alike.map((order) => bytesOf(order.stripe)),
        )
      }
    }
  },
}
