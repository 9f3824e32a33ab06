/**
 * Whether anyone may rely on what a stripe holds, so that its bytes need not be stored again. What a disk holds that went back in time
 * is unknown, so that its shards count for nothing here, as they do in the health of what is stored: one rule. And what only nodes could
 * give back that are *away* is not relied upon either: whoever sends a file again because its drives died would hear that it is
 * stored, and could not read it.
 *
 * The packed shards are read only while there is such a disk, or such a node.
 */
import { bytesIn, numberIn } from './cells.ts'
import { unpackShards } from './packed-shards.ts'
import { spareNeeded, spareOf } from './spare-shards.ts'
import { query, type Row, type Steps } from './transaction.ts'

/** Of `stripes s`, for `withGoodShards`. Their one argument is `anyAway`. */
export const GOOD_COLUMNS = `s.data_shards, s.parity_shards, s.spare, CASE
  WHEN ? = 1 OR EXISTS (SELECT 1 FROM nodes WHERE rolled_back_at IS NOT NULL) THEN s.shards END AS examined_shards`

export function anyAway(away: readonly number[]): number {
  return away.length > 0 ? 1 : 0
}

/** Those of the rows whose stripe has W shards that are durable for certain, k of them on nodes that are there. */
export function* withGoodShards(rows: readonly Row[], away: readonly number[]): Steps<Row[]> {
  const isDoubted = rows.some((row) => row['examined_shards'] !== null)
  const doubted = isDoubted ? yield* query('SELECT number FROM nodes WHERE rolled_back_at IS NOT NULL') : []
  const numbers = new Set(doubted.map((row) => numberIn(row, 'number')))
  return rows.filter((row) => isGood(row, numbers, away))
}

function isGood(row: Row, doubted: ReadonlySet<number>, away: readonly number[]): boolean {
  const needed = spareNeeded(numberIn(row, 'parity_shards'))
  if (row['examined_shards'] === null) return numberIn(row, 'spare') >= needed
  const dataShards = numberIn(row, 'data_shards')
  const certain = unpackShards(bytesIn(row, 'examined_shards')).filter(({ node }) => !doubted.has(node))
  const there = certain.filter(({ node }) => !away.includes(node))
  return spareOf(certain, dataShards) >= needed && spareOf(there, dataShards) >= 0
}
