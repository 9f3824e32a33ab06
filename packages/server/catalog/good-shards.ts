/**
 * Whether anyone may rely on what a stripe holds, so that its bytes need not be stored again. What a disk holds that went back in time
 * is unknown, so that its shards count for nothing here, as they do in the health of what is stored: one rule.
 *
 * The packed shards are read only while there is such a disk.
 */
import { bytesIn, numberIn } from './cells.ts'
import { unpackShards } from './packed-shards.ts'
import { spareNeeded, spareOf } from './spare-shards.ts'
import { query, type Row, type Steps } from './transaction.ts'

/** Of `stripes s`, for `withGoodShards`. */
export const GOOD_COLUMNS = `s.data_shards, s.parity_shards, s.spare,
  CASE WHEN EXISTS (SELECT 1 FROM nodes WHERE rolled_back_at IS NOT NULL) THEN s.shards END AS doubted_shards`

/** Those of the rows whose stripe has W shards that are durable for certain. */
export function* withGoodShards(rows: readonly Row[]): Steps<Row[]> {
  const isDoubted = rows.some((row) => row['doubted_shards'] !== null)
  const doubted = isDoubted ? yield* query('SELECT number FROM nodes WHERE rolled_back_at IS NOT NULL') : []
  const numbers = new Set(doubted.map((row) => numberIn(row, 'number')))
  return rows.filter((row) => certainSpare(row, numbers) >= spareNeeded(numberIn(row, 'parity_shards')))
}

function certainSpare(row: Row, doubted: ReadonlySet<number>): number {
  if (doubted.size === 0) return numberIn(row, 'spare')
  const certain = unpackShards(bytesIn(row, 'doubted_shards')).filter(({ node }) => !doubted.has(node))
  return spareOf(certain, numberIn(row, 'data_shards'))
}
