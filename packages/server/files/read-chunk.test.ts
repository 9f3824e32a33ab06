import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { HoldfastError, hasCode } from '@holdfast/core/wire/errors.ts'
import { asChunkId, asId, asSha256, asStripeId } from '@holdfast/core/wire/ids.ts'
import { completePolicy } from '@holdfast/core/wire/policy.ts'
import type { ShardRow } from '../catalog/rows.ts'
import type { Bucket } from './buckets.ts'
import { ChunkReader, type PlacedChunk } from './read-chunk.ts'

const id = asId('0b'.repeat(16))
const shape = { dataShards: 2, parityShards: 1 }
const keys = { bucket: id, idKey: new Uint8Array(32), dataKey: new Uint8Array(32), keyEpoch: 1 }
const plan = { keys, shape, writeQuorum: 3 }
const bucket: Bucket = { id, name: 'default', policy: completePolicy({}, shape), keysOf: () => keys, plan }
const unavailable = new HoldfastError('file_unavailable', 'too few shards can be read')
const right = Uint8Array.of(1)
const wrong = Uint8Array.of(0)

function chunkOn(nodes: readonly number[], state: ShardRow['state'] = 'durable'): PlacedChunk {
  const stripe = asStripeId('0a'.repeat(16))
  const sha256 = asSha256('0'.repeat(64))
  const shards = nodes.map((node, index): ShardRow => ({ node, index, state, verifiedDay: 0, sequence: 1, sha256 }))
  return {
    place: {
      ...{ stripe, chunk: asChunkId('0'.repeat(64)), place: 0, storedBytes: 17, plainBytes: 1 },
      ...{ nonce: new Uint8Array(12), suite: 1, codec: 0, keyEpoch: 1 },
    },
    stripe: { stripe, bucket: id, ...shape, shardBytes: 100, sequence: 1, createdAt: 0, condemned: null, shards },
  }
}

/** What reading comes to: each attempt takes one answer, and the catalog knows the chunk where it is `now`. */
async function read(answers: readonly (Uint8Array | HoldfastError)[], now = chunkOn([1, 2, 3])) {
  const attempts: string[] = []
  const answer = async (attempt: string): Promise<Uint8Array> => {
    const next = answers[attempts.push(attempt) - 1] ?? assert.fail()
    if (next instanceof Uint8Array) return next
    throw next
  }
  const reader = new ChunkReader(
    { read: async () => ({ places: [now.place], stripes: [now.stripe] }) as never },
    {
      read: (_stripe, _place, { checked }) => answer(checked ? 'checked' : 'as it is'),
      readVerified: () => answer('verified'),
      readNow: () => assert.fail(),
    },
    { openChunk: (_keys, _place, sealed) => (sealed === right ? [sealed] : undefined) },
  )
  const outcome = await reader.read(bucket, chunkOn([1, 2, 3]), 1).catch((error: unknown) => error)
  return { attempts, outcome }
}

describe('reading a chunk', () => {
  it('waits once for nodes that do not answer', async () => {
    const { attempts, outcome } = await read([unavailable])
    assert.deepEqual(attempts, ['as it is'])
    assert.equal(outcome, unavailable)
    const later = await read([wrong, unavailable])
    assert.deepEqual(later.attempts, ['as it is', 'checked'])
    const marked = await read([unavailable], chunkOn([1, 2, 3], 'missing'))
    assert.deepEqual(marked.attempts, ['as it is'])
  })

  it('tries once more where the chunk lies elsewhere by now', async () => {
    const { attempts, outcome } = await read([unavailable, right], chunkOn([1, 2, 4]))
    assert.deepEqual(attempts, ['as it is', 'verified'])
    assert.deepEqual(outcome, [right])
  })

  it('looks closer each time its tag fails, and says at last that it is damaged', async () => {
    const { attempts, outcome } = await read([wrong, wrong, right])
    assert.deepEqual(attempts, ['as it is', 'checked', 'verified'])
    assert.deepEqual(outcome, [right])
    assert.ok(hasCode((await read([wrong, wrong, wrong])).outcome, 'shard_corrupt'))
  })
})
