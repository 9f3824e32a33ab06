import type { StripeId } from '@holdfast/core/wire/ids.ts'
import { bytesOf } from '../cells.ts'
import { query, type Transaction } from '../transaction.ts'

export interface NodeComparedArgs {
  readonly number: number
  /** `comparedTo` of the row by which it was compared: who finds another one there was overtaken, and changes nothing. */
  readonly before: number
  readonly comparedTo: number
  readonly walkedTo: StripeId | null
}

export const nodeCompared: Transaction<NodeComparedArgs, void> = {
  name: 'nodeCompared',
  *run({ number, before, comparedTo, walkedTo }) {
    yield* query(
      'UPDATE nodes SET compared_to = ?, walked_to = ? WHERE number = ? AND compared_to = ?',
      comparedTo,
      walkedTo && bytesOf(walkedTo),
      number,
      before,
    )
  },
}
