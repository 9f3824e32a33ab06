import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setImmediate as turnOfTheLoop } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { asChunkId, asSha256 } from '@holdfast/core/wire/ids.ts'
import { completePolicy } from '@holdfast/core/wire/policy.ts'
import { CatalogAge } from '../cluster/catalog-age.ts'
import { Nodes } from '../cluster/nodes.ts'
import { LINEAGE, SessionWorld } from '../cluster/session-world.test-support.ts'
import { StripesOut } from '../cluster/stripes-out.ts'
import { StripeWriter } from '../cluster/write-stripe.ts'
import type { Compute, CutRequest, NamedChunk, SealRequest, SlotSize, StripeSlot } from '../compute/compute.ts'
import { systemRandom } from '../seams/random.ts'
import { MemoryStore } from '../storage/memory-store.ts'
import { recordBufferOf } from '../storage/record-buffer.ts'
import type { Receipt, ShardPut } from '../storage/shard-store.ts'
import type { Bucket } from './buckets.ts'
import { KnownChunks } from './known-chunks.ts'
import { StreamedBodies } from './streamed-bodies.ts'

const KiB = 1024
const MiB = 1024 * KiB
const CHUNK_BYTES = 4 * KiB
/** As many chunks as 64 GiB have of the usual mebibyte, in as many windows as 7 GiB have. */
const FILE_PIECES = 256
const TURNS_TO_REST = 100

/** Names chunks by their number, all the same length, and writes nothing: what is left is what an upload itself holds. */
class EmptyCompute implements Pick<Compute, 'open' | 'waiting'> {
  readonly waiting = 0
  readonly #record = recordBufferOf(new Uint8Array(1))
  readonly #memory: { plain: Uint8Array | undefined } = { plain: undefined }
  #chunks = 0
  cutsMax = Number.POSITIVE_INFINITY

  async open({ plainBytes, shape }: SlotSize): Promise<StripeSlot> {
    this.#memory.plain ??= new Uint8Array(plainBytes)
    const hashes = Array.from({ length: shape.dataShards + shape.parityShards }, () => asSha256('0'.repeat(64)))
    return {
      plain: this.#memory.plain,
      memoryBytes: plainBytes,
      cut: async ({ offset, length }: CutRequest) => this.#cut(offset, length),
      seal: async ({ chunks }: SealRequest) => ({
        shardBytes: 1,
        hashes,
        records: hashes.map(() => this.#record),
        places: chunks.map(({ id }, at) => ({
          ...{ chunk: id, place: at, storedBytes: 1, plainBytes: CHUNK_BYTES, nonce: new Uint8Array(12) },
          ...{ suite: 1, codec: 0, keyEpoch: 1 },
        })),
      }),
      release: () => {},
    }
  }

  #cut(offset: number, length: number): NamedChunk[] {
    if (this.cutsMax-- === 0) throw new Error('the worker failed')
    return Array.from({ length: Math.floor(length / CHUNK_BYTES) }, (_, at) => {
      const number = this.#chunks++
      const cutsPage = number % 1000 === 999 ? '0000' : 'ffff'
      return {
        offset: offset + at * CHUNK_BYTES,
        length: CHUNK_BYTES,
        id: asChunkId(cutsPage + String(number).padStart(60, '0')),
      }
    })
  }
}

/** Keeps nothing of what it acknowledges. */
class EmptyStore extends MemoryStore {
  override async put({ sha256 }: ShardPut): Promise<Receipt> {
    return { sha256 }
  }
}

setFlagsFromString('--expose-gc')
const collect: () => void = runInNewContext('gc')

/** What is left when the windows that have left are done with, for each of them holds more while it is on its way. */
async function heldBytesAtRest(): Promise<number> {
  for (let turn = 0; turn < TURNS_TO_REST; turn++) await turnOfTheLoop()
  collect()
  collect()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

async function openWorld(world: SessionWorld) {
  const { rows, catalog, clock } = world
  const sessions = await world.openSessions()
  const who = { node: rows.ids.next(), disk: rows.ids.next() }
  const store = new EmptyStore({ ...who, lineage: LINEAGE, capacityBytes: 1e9 })
  const nodes = new Nodes({ link: () => store }, () => {})
  const [one] = world.nodes.all()
  assert.ok(one !== undefined)
  nodes.add({ ...one, number: 1 })
  const shape = { dataShards: 1, parityShards: 0 }
  const policy = completePolicy({}, shape)
  // The shorter the shortest chunk, the more of a window is kept free for tables, and the shorter are windows.
  const chunking = { minBytes: 96, averageBytes: CHUNK_BYTES, maxBytes: CHUNK_BYTES }
  const keys = { bucket: rows.bucket, idKey: new Uint8Array(32), dataKey: new Uint8Array(32), keyEpoch: 1 }
  const plan = { keys, shape, writeQuorum: 1 }
  const bucket: Bucket = { id: rows.bucket, name: 'default', policy: { ...policy, chunking }, keysOf: () => keys, plan }
  const stripes = new StripesOut(
    catalog,
    sessions,
    new StripeWriter(nodes, clock, systemRandom),
    clock,
    LINEAGE,
    new CatalogAge(0),
  )
  const compute = new EmptyCompute()
  const bodies = new StreamedBodies({ catalog, known: new KnownChunks(catalog, nodes), compute, stripes, clock })
  const pin = sessions.pin()
  const options = { byContent: true, compress: false, useKnown: true, session: pin.session }
  const signal = new AbortController().signal
  return {
    sessions,
    compute,
    store: (body: AsyncIterable<Uint8Array>, commitAsItGoes: boolean) =>
      bodies.store(bucket, body, { ...options, commitAsItGoes, signal }),
  }
}

describe('a streamed body', () => {
  for (const commitAsItGoes of [true, false]) {
    const how = commitAsItGoes ? 'as it goes' : 'with its version, where it is not too long'
    it(`holds less than ten bytes of each chunk that it has stored, committing ${how}`, async (t) => {
      using world = new SessionWorld(1)
      const { sessions, store } = await openWorld(world)
      await using _ = sessions
      const held: number[] = []
      async function* body(): AsyncGenerator<Uint8Array> {
        for (let piece = 0; piece < FILE_PIECES; piece++) {
          if (piece % (FILE_PIECES / 4) === 0) held.push(await heldBytesAtRest())
          yield new Uint8Array(MiB)
        }
        held.push(await heldBytesAtRest())
      }
      const content = await store(body(), commitAsItGoes)
      const grownBytes = (held.at(-1) ?? 0) - (held[1] ?? 0)
      const chunks = ((FILE_PIECES * 3) / 4) * (MiB / CHUNK_BYTES)
      t.diagnostic(`${grownBytes} bytes for ${chunks} chunks`)
      assert.ok(grownBytes < 10 * chunks, `${grownBytes} bytes for ${chunks} chunks`)

      assert.equal(world.rows.count('SELECT count(*) FROM chunks'), 65_536)
      const open = content.pages?.filter(({ entries }) => entries !== null) ?? []
      assert.ok(open.length <= (commitAsItGoes ? 1 : 3), `${open.length} pages are still to be stored`)
      assert.equal(world.rows.count('SELECT count(*) FROM pages'), (content.pages?.length ?? 0) - open.length)
      content.release()
    })
  }

  it('fails where the work on it fails, and leaves no failure behind that nobody hears', async () => {
    using world = new SessionWorld(1)
    const { sessions, compute, store } = await openWorld(world)
    await using _ = sessions
    compute.cutsMax = 20
    async function* body(): AsyncGenerator<Uint8Array> {
      for (let piece = 0; piece < 20; piece++) yield new Uint8Array(MiB)
    }
    await assert.rejects(store(body(), true), /the worker failed/)
    await new Promise(setImmediate)
  })
})
