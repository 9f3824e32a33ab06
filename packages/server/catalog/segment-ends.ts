/**
 * How far each segment of a node went when it was last heard of: what a rollback of its disk is measured by. A row is written only where
 * an end has grown.
 *
 *     segments   1  2  3  …  131,999  132,000       closed ones never change, the last one grows: one row per report
 */
import { inserting } from './batches.ts'
import { numberIn } from './cells.ts'
import type { SegmentEnd } from './rows.ts'
import { query, type Row, type Steps } from './transaction.ts'

/** A report is compared in runs of so many segments, the newest first. */
const RUN_SEGMENTS = 16

const putEnds = inserting(
  'INSERT INTO node_segments (node, segment, end_bytes)',
  'ON CONFLICT (node, segment) DO UPDATE SET end_bytes = excluded.end_bytes',
)

export function* knownEnds(node: number): Steps<SegmentEnd[]> {
  return (yield* query('SELECT segment, end_bytes FROM node_segments WHERE node = ? ORDER BY segment', node)).map(endIn)
}

/** All of them, as at a start: those that went are forgotten. `known` are the node's `knownEnds`. */
export function* setEnds(node: number, known: readonly SegmentEnd[], ends: readonly SegmentEnd[]): Steps<void> {
  const kept = new Set(ends.map(({ segment }) => segment))
  for (const { segment } of known) {
    if (!kept.has(segment)) yield* query('DELETE FROM node_segments WHERE node = ? AND segment = ?', node, segment)
  }
  yield* putGrown(node, known, ends)
}

/**
 * As of a running node. Below a run in which one is as it was, all count as they were: nearly always segments are closed in the order of
 * their numbers. One that a start found unclosed may end later than those above it; it is then measured by where it ended before
 * until the next start. One that went stays until then, and does no harm: earlier ones may be silent.
 */
export function* growEnds(node: number, ends: readonly SegmentEnd[]): Steps<void> {
  const newestFirst = ends.toSorted((a, b) => b.segment - a.segment)
  for (let from = 0; from < newestFirst.length; from += RUN_SEGMENTS) {
    const run = newestFirst.slice(from, from + RUN_SEGMENTS)
    const known = yield* query(
      'SELECT segment, end_bytes FROM node_segments WHERE node = ? AND segment >= ? AND segment <= ?',
      node,
      run.at(-1)?.segment ?? 0,
      run[0]?.segment ?? 0,
    )
    if ((yield* putGrown(node, known.map(endIn), run)) < run.length) return
  }
}

/** Never lowers one: a shorter end is what tells of a rollback at the next start. Answers how many had grown. */
function* putGrown(node: number, known: readonly SegmentEnd[], ends: readonly SegmentEnd[]): Steps<number> {
  const before = new Map(known.map(({ segment, bytes }) => [segment, bytes]))
  const grown = ends.filter(({ segment, bytes }) => bytes > (before.get(segment) ?? -1))
  yield* putEnds(grown.map(({ segment, bytes }) => [node, segment, bytes]))
  return grown.length
}

function endIn(row: Row): SegmentEnd {
  return { segment: numberIn(row, 'segment'), bytes: numberIn(row, 'end_bytes') }
}
