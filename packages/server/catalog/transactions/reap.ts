/**
 * Collection's second half. What was condemned at a number below that of every session that is alive can be known to none of them, and
 * is deleted if it is proven once more that nothing refers to it: a version commit may have come between.
 *
 * A page that goes lets go of its chunks, a chunk of its stripe; each is then condemned in its own turn. Only a stripe is
 * ordered away on nodes, under the number that is returned: `node_orders` holds what they have not confirmed.
 */
import { assert } from '@holdfast/core/wire/assert.ts'
import type { StripeId } from '@holdfast/core/wire/ids.ts'
import { insertRows } from '../batches.ts'
import { bytesIn, bytesOf, idIn, numberIn, stripeIdIn } from '../cells.ts'
import { PURGE } from '../node-orders.ts'
import { unpackShards } from '../packed-shards.ts'
import { decodeEntries } from '../page-list.ts'
import { releaseChunks } from '../references.ts'
import type { ShardRow } from '../rows.ts'
import { currentSequence, nextSequence } from '../sequence.ts'
import { oldestAliveSequence } from '../sessions.ts'
import { query, type Steps, type Transaction } from '../transaction.ts'

/** A page stands for so many rows of a call's limit. */
const ROWS_PER_PAGE = 1000

export interface ReapArgs {
  /** About how many rows one call deletes at most. */
  readonly limit: number
  readonly nowMs: number
}

export interface ReapedStripe {
  readonly stripe: StripeId
  /** Numbers of the nodes that hold its shards. */
  readonly nodes: readonly number[]
}

export interface ReapResult {
  /** The order under which the stripes' shards are deleted on the nodes. */
  readonly sequence: number
  readonly stripes: readonly ReapedStripe[]
  readonly chunks: number
  readonly pages: number
}

export const reap: Transaction<ReapArgs, ReapResult> = {
  name: 'reap',
  *run({ limit, nowMs }) {
    const below = yield* oldestAliveSequence()
    const pages = yield* reapPages(below, Math.ceil(limit / ROWS_PER_PAGE))
    const chunks = yield* reapChunks(below, limit)
    const stripes = yield* reapStripes(below, limit)
    const sequence = stripes.length === 0 ? yield* currentSequence() : yield* nextSequence()
    yield* order(stripes, sequence, nowMs)
    return {
      sequence,
      stripes: stripes.map(({ stripe, shards }) => ({ stripe, nodes: shards.map((shard) => shard.node) })),
      chunks,
      pages,
    }
  },
}

function* reapPages(below: number, limit: number): Steps<number> {
  const pages = yield* query(
    `DELETE FROM pages WHERE (bucket_id, page_id) IN
       (SELECT p.bucket_id, p.page_id FROM pages p WHERE p.condemned < ? AND p.refs = 0
          AND NOT EXISTS (SELECT 1 FROM page_refs r WHERE r.bucket_id = p.bucket_id AND r.page_id = p.page_id)
        ORDER BY p.bucket_id, p.page_id LIMIT ?)
     RETURNING bucket_id, page_id`,
    below,
    limit,
  )
  for (const page of pages) {
    const id = bytesIn(page, 'page_id')
    const [removed] = yield* query(
      'DELETE FROM page_entries WHERE bucket_id = ? AND page_id = ? RETURNING entries',
      bytesIn(page, 'bucket_id'),
      id,
    )
    assert(removed !== undefined, 'a page has entries')
    const chunks = new Set(decodeEntries(bytesIn(removed, 'entries')).map((entry) => entry.chunk))
    yield* releaseChunks(idIn(page, 'bucket_id'), [...chunks].map(bytesOf), id)
  }
  return pages.length
}

function* reapChunks(below: number, limit: number): Steps<number> {
  const chunks = yield* query(
    `DELETE FROM chunks WHERE (bucket_id, chunk_id) IN
       (SELECT c.bucket_id, c.chunk_id FROM chunks c WHERE c.condemned < ? AND c.refs = 0
          AND NOT EXISTS (SELECT 1 FROM chunk_refs r WHERE r.bucket_id = c.bucket_id AND r.chunk_id = c.chunk_id)
        ORDER BY c.bucket_id, c.chunk_id LIMIT ?)
     RETURNING stripe_id, stored_bytes`,
    below,
    limit,
  )
  for (const [stripe, ofStripe] of Map.groupBy(chunks, (chunk) => stripeIdIn(chunk, 'stripe_id'))) {
    yield* query(
      'UPDATE stripes SET live_chunks = live_chunks - ?, live_bytes = live_bytes - ? WHERE stripe_id = ?',
      ofStripe.length,
      ofStripe.reduce((sum, chunk) => sum + numberIn(chunk, 'stored_bytes'), 0),
      bytesOf(stripe),
    )
  }
  return chunks.length
}

interface DeletedStripe {
  readonly stripe: StripeId
  readonly shards: readonly ShardRow[]
}

function* reapStripes(below: number, limit: number): Steps<DeletedStripe[]> {
  const stripes = yield* query(
    `DELETE FROM stripes WHERE stripe_id IN
       (SELECT s.stripe_id FROM stripes s WHERE s.condemned < ? AND s.live_chunks = 0 ORDER BY s.stripe_id LIMIT ?)
     RETURNING stripe_id, shards`,
    below,
    limit,
  )
  return stripes.map((row) => ({
    stripe: stripeIdIn(row, 'stripe_id'),
    shards: unpackShards(bytesIn(row, 'shards')),
  }))
}

/** Keeps each order until its node has confirmed it: the process may end before the node has heard of it. */
function* order(stripes: readonly DeletedStripe[], sequence: number, nowMs: number): Steps<void> {
  yield* insertRows(
    'INSERT INTO node_orders (node, sequence, stripe_id, shard, deed, at)',
    stripes.flatMap(({ stripe, shards }) =>
      shards.map(({ node, index }) => [node, sequence, bytesOf(stripe), index, PURGE, nowMs]),
    ),
  )
}
