import { assert } from '@holdfast/core/wire/assert.ts'
import { type ChunkId, type Id, sessionOf } from '@holdfast/core/wire/ids.ts'
import { byKeys, inserting, marks } from '../batches.ts'
import { bytesOf, chunkIdIn, numberIn, stripeIdIn } from '../cells.ts'
import { anyAway, GOOD_COLUMNS, withGoodShards } from '../good-shards.ts'
import { packShards } from '../packed-shards.ts'
import type { ChunkPlace, NewStripe } from '../rows.ts'
import { requireAlive } from '../sessions.ts'
import { packLacking, spareNeeded, spareOf } from '../spare-shards.ts'
import { query, type Row, type Steps, type Transaction, type Value } from '../transaction.ts'

export interface CommitStripeArgs {
  readonly session: Id
  readonly stripe: NewStripe
  /** Where a chunk stands twice in the stripe, its first place counts. */
  readonly places: readonly ChunkPlace[]
  /** Nodes that do not answer now. */
  readonly away?: readonly number[]
}

/**
 * Writes a stripe down whose shards are durable, and the places of its chunks. The first writer of a chunk wins; `lost` are those
 * that another stripe keeps, and their copy here is dead space. A chunk whose old place counts as absent for a lookup, because
 * it is condemned, damaged or out of reach, moves here with all that refers to it.
 * @throws session_ended
 */
export const commitStripe: Transaction<CommitStripeArgs, { lost: ChunkId[] }> = {
  name: 'commitStripe',
  *run({ session, stripe, places, away = [] }) {
    assert(stripe.shards.length === stripe.dataShards + stripe.parityShards, 'a stripe has k + m shards')
    assert(
      stripe.shards.every((shard, index) => shard.index === index),
      'a new stripe has each shard once, in order',
    )
    const spare = spareOf(stripe.shards, stripe.dataShards)
    assert(spare >= spareNeeded(stripe.parityShards), 'a stripe is committed when enough of its shards are durable')
    assert(sessionOf(stripe.stripe) === session, 'a stripe has its id from its session')
    const sequence = yield* requireAlive(session)
    assert(stripe.sequence === sequence, "a stripe's puts carry the number of its session")

    const distinct = new Map<ChunkId, ChunkPlace>()
    for (const place of places) if (!distinct.has(place.chunk)) distinct.set(place.chunk, place)
    const won = yield* insertPlaces(stripe.bucket, [...distinct.values()])
    const known = [...distinct.keys()].filter((chunk) => !won.has(chunk))
    const existing = yield* findExisting([anyAway(away), bytesOf(stripe.bucket)], known.map(bytesOf))
    assert(existing.length === known.length, 'every chunk has a stripe')
    const uncondemned = existing.filter((row) => row['condemned'] === null)
    const good = new Set(yield* withGoodShards(uncondemned, away))
    for (const row of existing) {
      const chunk = chunkIdIn(row, 'chunk_id')
      const place = distinct.get(chunk)
      if (place === undefined || good.has(row)) continue
      yield* movePlace(stripe.bucket, place, row)
      won.add(chunk)
    }
    yield* insertStripe(
      stripe,
      [...distinct.values()].filter((place) => won.has(place.chunk)),
    )
    return { lost: known.filter((chunk) => !won.has(chunk)) }
  },
}

const COLUMNS_OF_PLACE = 'stripe_id, place, stored_bytes, plain_bytes, nonce, suite, codec, key_epoch'

function placeValues(place: ChunkPlace): Value[] {
  const { storedBytes, plainBytes, nonce, suite, codec, keyEpoch } = place
  return [bytesOf(place.stripe), place.place, storedBytes, plainBytes, nonce, suite, codec, keyEpoch]
}

const insertNewPlaces = inserting(
  `INSERT INTO chunks (bucket_id, chunk_id, ${COLUMNS_OF_PLACE}, refs)`,
  'ON CONFLICT (bucket_id, chunk_id) DO NOTHING RETURNING chunk_id',
)

function* insertPlaces(bucket: Id, places: readonly ChunkPlace[]): Steps<Set<ChunkId>> {
  const rows = yield* insertNewPlaces(
    places.map((place) => [bytesOf(bucket), bytesOf(place.chunk), ...placeValues(place), 0]),
  )
  return new Set(rows.map((row) => chunkIdIn(row, 'chunk_id')))
}

const findExisting = byKeys(
  `SELECT c.chunk_id, c.stripe_id, c.stored_bytes, c.condemned, ${GOOD_COLUMNS}
   FROM chunks c JOIN stripes s ON s.stripe_id = c.stripe_id WHERE c.bucket_id = ? AND c.chunk_id IN`,
)

function* movePlace(bucket: Id, place: ChunkPlace, from: Row): Steps<void> {
  yield* query(
    'UPDATE stripes SET live_chunks = live_chunks - 1, live_bytes = live_bytes - ? WHERE stripe_id = ?',
    numberIn(from, 'stored_bytes'),
    bytesOf(stripeIdIn(from, 'stripe_id')),
  )
  yield* query(
    `UPDATE chunks SET (${COLUMNS_OF_PLACE}) = (${marks(COLUMNS_OF_PLACE.split(',').length)}), condemned = NULL
     WHERE bucket_id = ? AND chunk_id = ?`,
    ...placeValues(place),
    bytesOf(bucket),
    bytesOf(place.chunk),
  )
}

/**
 * A stripe that keeps none of its chunks is condemned at once, at its session's own number: no other session has known it, and this
 * one holds up its deletion by being alive.
 */
function* insertStripe(stripe: NewStripe, live: readonly ChunkPlace[]): Steps<void> {
  yield* query(
    `INSERT INTO stripes (stripe_id, bucket_id, data_shards, parity_shards, shard_bytes, sequence, shards, spare, lacking,
       live_chunks, live_bytes, created_at, condemned)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    bytesOf(stripe.stripe),
    bytesOf(stripe.bucket),
    stripe.dataShards,
    stripe.parityShards,
    stripe.shardBytes,
    stripe.sequence,
    packShards(stripe.shards),
    spareOf(stripe.shards, stripe.dataShards),
    packLacking(stripe.shards),
    live.length,
    live.reduce((sum, place) => sum + place.storedBytes, 0),
    stripe.createdAt,
    live.length === 0 ? stripe.sequence : null,
  )
}
