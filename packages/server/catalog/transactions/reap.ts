/**
 * Collection's second half. What was condemned at a number below that of every session that is alive can be known to none of them, and
 * is deleted if it is proven once more that nothing refers to it: a version commit may have come between.
 *
 * A page that goes lets go of its chunks, a chunk of its stripe; each is then condemned in its own turn. Only a stripe is
 * ordered away on nodes, under the number that is returned: `node_orders` holds what they have not confirmed.
 */
import { assert } from '@holdfast/core/wire/assert.ts'
import type { StripeId } from '@holdfast/core/wire/ids.ts'
import { byKeys, inserting } from '../batches.ts'
import { bytesIn, bytesOf, idIn, numberIn, stripeIdIn } from '../cells.ts'
import { keysByBucket, walkCandidates } from '../collection-walk.ts'
import { PURGE } from '../node-orders.ts'
import { unpackShards } from '../packed-shards.ts'
import { decodeEntries } from '../page-list.ts'
import { CHUNK_UNHELD, releaseChunks } from '../references.ts'
import type { ShardRow } from '../rows.ts'
import { currentSequence, nextSequence } from '../sequence.ts'
import { oldestAliveSequence } from '../sessions.ts'
import { query, type Row, type Steps, type Transaction } from '../transaction.ts'
import type { CollectionPosition } from './condemn.ts'

/** A page that goes changes as many rows as it has entries. */
const ROWS_PER_PAGE = 1000

export interface ReapArgs {
  readonly nowMs: number
  /** About how many rows one call deletes at most. */
  readonly limit: number
  /** `next` of the call before; without it a pass begins. */
  readonly after?: CollectionPosition | null
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
  /** Null when the pass has come to its end. */
  readonly next: CollectionPosition | null
}

interface DeletedStripe {
  readonly stripe: StripeId
  readonly shards: readonly ShardRow[]
}

export const reap: Transaction<ReapArgs, ReapResult> = {
  name: 'reap',
  *run({ nowMs, limit, after }) {
    const below = yield* oldestAliveSequence()
    const { chosen, next } = yield* walkCandidates({
      after,
      limit,
      weights: { pages: ROWS_PER_PAGE, chunks: 1, stripes: 1 },
      choose: (row) => row['condemned'] !== null && numberIn(row, 'condemned') < below,
    })
    const pages = yield* reapPages(chosen.pages, below)
    const chunks = yield* reapChunks(chosen.chunks, below)
    const stripes = yield* reapStripes(chosen.stripes, below)
    const sequence = stripes.length === 0 ? yield* currentSequence() : yield* nextSequence()
    yield* order(stripes, sequence, nowMs)
    return {
      sequence,
      stripes: stripes.map(({ stripe, shards }) => ({ stripe, nodes: shards.map((shard) => shard.node) })),
      chunks,
      pages,
      next,
    }
  },
}

const deletePages = byKeys(
  `DELETE FROM pages WHERE bucket_id = ? AND condemned < ? AND refs = 0
     AND NOT EXISTS (SELECT 1 FROM page_refs r WHERE r.bucket_id = pages.bucket_id AND r.page_id = pages.page_id)
     AND page_id IN`,
  'RETURNING bucket_id, page_id',
)

function* reapPages(candidates: readonly Row[], below: number): Steps<number> {
  let reaped = 0
  for (const [bucket, keys] of keysByBucket(candidates)) {
    for (const page of yield* deletePages([bucket, below], keys)) {
      const id = bytesIn(page, 'page_id')
      const [removed] = yield* query(
        'DELETE FROM page_entries WHERE bucket_id = ? AND page_id = ? RETURNING entries',
        bucket,
        id,
      )
      assert(removed !== undefined, 'a page has entries')
      const chunks = new Set(decodeEntries(bytesIn(removed, 'entries')).map((entry) => entry.chunk))
      yield* releaseChunks(idIn(page, 'bucket_id'), [...chunks].map(bytesOf), id)
      reaped++
    }
  }
  return reaped
}

const deleteChunks = byKeys(
  `DELETE FROM chunks WHERE bucket_id = ? AND condemned < ? AND refs = 0 AND ${CHUNK_UNHELD} AND chunk_id IN`,
  'RETURNING stripe_id, stored_bytes',
)

function* reapChunks(candidates: readonly Row[], below: number): Steps<number> {
  const reaped: Row[] = []
  for (const [bucket, keys] of keysByBucket(candidates)) reaped.push(...(yield* deleteChunks([bucket, below], keys)))
  for (const [stripe, ofStripe] of Map.groupBy(reaped, (chunk) => stripeIdIn(chunk, 'stripe_id'))) {
    yield* query(
      'UPDATE stripes SET live_chunks = live_chunks - ?, live_bytes = live_bytes - ? WHERE stripe_id = ?',
      ofStripe.length,
      ofStripe.reduce((sum, chunk) => sum + numberIn(chunk, 'stored_bytes'), 0),
      bytesOf(stripe),
    )
  }
  return reaped.length
}

const deleteStripes = byKeys(
  'DELETE FROM stripes WHERE bucket_id = ? AND condemned < ? AND live_chunks = 0 AND stripe_id IN',
  'RETURNING stripe_id, shards',
)

function* reapStripes(candidates: readonly Row[], below: number): Steps<DeletedStripe[]> {
  const reaped: Row[] = []
  for (const [bucket, keys] of keysByBucket(candidates)) reaped.push(...(yield* deleteStripes([bucket, below], keys)))
  return reaped.map((row) => ({ stripe: stripeIdIn(row, 'stripe_id'), shards: unpackShards(bytesIn(row, 'shards')) }))
}

const insertOrders = inserting('INSERT INTO node_orders (node, sequence, stripe_id, shard, deed, at)')

/** Keeps each order until its node has confirmed it: the process may end before the node has heard of it. */
function* order(stripes: readonly DeletedStripe[], sequence: number, nowMs: number): Steps<void> {
  yield* insertOrders(
    stripes.flatMap(({ stripe, shards }) =>
      shards.map(({ node, index }) => [node, sequence, bytesOf(stripe), index, PURGE, nowMs]),
    ),
  )
}
