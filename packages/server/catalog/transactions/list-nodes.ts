import { idIn, numberIn, orNull, stripeIdIn, textIn } from '../cells.ts'
import type { NodeRow } from '../rows.ts'
import { query, type Row, type Transaction } from '../transaction.ts'

export const listNodes: Transaction<Record<never, never>, NodeRow[]> = {
  name: 'listNodes',
  *run() {
    return (yield* query('SELECT * FROM nodes ORDER BY number')).map(nodeRow)
  },
}

export function nodeRow(row: Row): NodeRow {
  return {
    number: numberIn(row, 'number'),
    node: idIn(row, 'node_id'),
    disk: idIn(row, 'disk_id'),
    name: textIn(row, 'name'),
    zone: textIn(row, 'zone'),
    region: textIn(row, 'region'),
    weight: numberIn(row, 'weight'),
    state: textIn(row, 'state'),
    capacityBytes: numberIn(row, 'capacity_bytes'),
    freeBytes: numberIn(row, 'free_bytes'),
    starts: numberIn(row, 'starts'),
    start: idIn(row, 'start_id'),
    joinedAt: numberIn(row, 'joined_at'),
    seenAt: numberIn(row, 'seen_at'),
    recentAfter: stripeIdIn(row, 'recent_after'),
    rolledBackAt: orNull(row, 'rolled_back_at', numberIn),
    comparedTo: numberIn(row, 'compared_to'),
    walkedTo: orNull(row, 'walked_to', stripeIdIn),
  }
}
