import assert from 'node:assert/strict'
import { hash } from 'node:crypto'
import { describe, it } from 'node:test'
import { HoldfastError } from '@holdfast/core/wire/errors.ts'
import { asId, asSha256, asStripeId } from '@holdfast/core/wire/ids.ts'
import type { StripeRow } from '../catalog/rows.ts'
import { ManualClock } from '../seams/manual-clock.test-support.ts'
import type { ShardStore } from '../storage/shard-store.ts'
import { Nodes } from './nodes.ts'
import { type LentMemory, StripeReader } from './read-stripe.ts'
import { GIVE_UP_AFTER_MS } from './read-stripe-gather.ts'
import { SILENT_AFTER_MS } from './read-stripe-lane.ts'

const MiB = 1024 * 1024
const id = asId('0'.repeat(32))

/** Copies of one shard on as many nodes; the test answers each read. */
function copies(count: number, shard: Uint8Array) {
  const clock = new ManualClock()
  interface Read {
    readonly node: number
    readonly into: Uint8Array | undefined
    readonly answer: (bytes: Uint8Array) => void
    readonly refuse: (error: HoldfastError) => void
  }
  const reads: Read[] = []
  const read = (node: number, into?: Uint8Array): Promise<Uint8Array> =>
    new Promise((answer, refuse) => reads.push({ node, into, answer, refuse }))
  const storeOf = (node: number): Pick<ShardStore, 'get' | 'getAsIs'> => ({
    get: () => read(node),
    getAsIs: (_id, _range, memory) => read(node, memory),
  })
  const refuse = (): never => assert.fail('only reads are asked for')
  const nodes = new Nodes(
    {
      link: (node) => ({
        ...storeOf(node),
        put: refuse,
        getNow: refuse,
        delete: refuse,
        purge: refuse,
        closePuts: refuse,
        list: refuse,
        report: refuse,
        [Symbol.asyncDispose]: refuse,
      }),
    },
    () => {},
  )
  for (let number = 1; number <= count; number++) {
    const at = { id, name: `drive-${number}`, zone: `${number}`, region: 'here', weight: 1 }
    nodes.add({ ...at, number, state: 'online', writable: true, capacityBytes: 0, freeBytes: 0 })
  }
  const sha256 = asSha256(hash('sha256', shard))
  const stripe: StripeRow = {
    stripe: asStripeId('0'.repeat(32)),
    bucket: id,
    dataShards: 1,
    parityShards: count - 1,
    shardBytes: shard.length,
    sequence: 1,
    createdAt: 0,
    condemned: null,
    shards: nodes.all().map(({ number }) => {
      return { node: number, index: number - 1, state: 'durable', verifiedDay: 0, sequence: 1, sha256 }
    }),
  }
  const rebuild = (_shape: unknown, [first]: readonly { readonly bytes: Uint8Array }[]): Uint8Array[] =>
    first === undefined ? [] : [first.bytes]
  const reader = new StripeReader(nodes, { rebuild }, clock, () => {})
  return { clock, nodes, reads, reader, stripe }
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

describe('reading from a stripe', () => {
  it('holds lent memory as long as a read may fill it, and gives it to one read only', async () => {
    const { clock, reads, reader, stripe } = copies(2, new Uint8Array(100))
    let holders = 0
    const memory: LentMemory = { bytes: new Uint8Array(100), hold: () => holders++, release: () => holders-- }
    const done = reader.read(stripe, { place: 0, storedBytes: 10 }, { checked: false, memory })
    await turn()
    clock.advance(SILENT_AFTER_MS)
    await turn()
    assert.deepEqual(
      reads.map(({ node, into }) => [node, into]),
      [
        [1, memory.bytes.subarray(0, 10)],
        [2, undefined],
      ],
    )
    reads[1]?.answer(new Uint8Array(10))
    await done
    assert.equal(holders, 1)
    reads[0]?.answer(new Uint8Array(10))
    await turn()
    assert.equal(holders, 0)
  })

  it('reads what crosses a border into one memory, and joins it elsewhere where a part of it comes another way', async () => {
    const { clock, reads, reader, stripe } = copies(3, new Uint8Array(100))
    const memory: LentMemory = { bytes: new Uint8Array(100), hold: () => {}, release: () => {} }
    const read = (): Promise<Uint8Array> =>
      reader.read(stripe, { place: 95, storedBytes: 10 }, { checked: false, memory })
    const fill = (at: number, value: number): void => {
      const { into, answer } = reads[at] ?? assert.fail('a read is under way')
      answer(into?.fill(value) ?? new Uint8Array(5).fill(value))
    }
    const whole = read()
    await turn()
    fill(0, 1)
    fill(1, 2)
    assert.deepEqual(await whole, memory.bytes.subarray(0, 10))
    assert.equal((await whole).buffer, memory.bytes.buffer)

    const joined = read()
    await turn()
    fill(2, 1)
    await turn()
    clock.advance(SILENT_AFTER_MS)
    await turn()
    fill(4, 2)
    assert.deepEqual([...(await joined)], [1, 1, 1, 1, 1, 2, 2, 2, 2, 2])
    fill(3, 9)
    assert.deepEqual([...(await joined)], [1, 1, 1, 1, 1, 2, 2, 2, 2, 2])
  })

  it('reads whole shards of a few stripes at a time, of which a hung one keeps its part', async () => {
    const whole = new Uint8Array(16 * MiB)
    const { clock, reads, reader, stripe } = copies(2, whole)
    const stretch = { place: 0, storedBytes: 10 }
    const [first] = [1, 2, 3].map(() => reader.readVerified(stripe, stretch))
    await turn()
    assert.deepEqual(
      reads.map(({ node }) => node),
      [1, 1],
    )
    clock.advance(SILENT_AFTER_MS)
    await turn()
    assert.deepEqual(
      reads.map(({ node }) => node),
      [1, 1, 2, 2],
    )
    reads[2]?.answer(whole)
    assert.deepEqual(await first, Buffer.alloc(10))
    await turn()
    assert.equal(reads.length, 4)
    reads[0]?.answer(whole)
    await turn()
    assert.equal(reads.length, 5)
  })

  it('says how many shards are damaged, how many nodes are away, and how many are silent, where too few can be read', async () => {
    const { clock, nodes, reads, reader, stripe } = copies(4, new Uint8Array(100))
    const [, , known] = stripe.shards
    assert.ok(known !== undefined)
    const shards = stripe.shards.map((shard) => (shard === known ? { ...shard, state: 'damaged' as const } : shard))
    nodes.noteFailure(4, new HoldfastError('node_unavailable', 'away'))
    const read = reader.read({ ...stripe, shards }, { place: 0, storedBytes: 10 }, { checked: true })
    const told = assert.rejects(read, {
      message:
        '0 of the 1 shards needed can be read now: 2 are damaged or missing, 1 nodes are away, and 1 did not answer in time',
      details: { needed: 1, readable: 0, damaged: 2, away: 1 },
    })
    for (const asked of [0, 1]) {
      await turn()
      reads[asked]?.refuse(new HoldfastError('shard_corrupt', 'damaged'))
    }
    await turn()
    clock.advance(SILENT_AFTER_MS)
    await turn()
    clock.advance(GIVE_UP_AFTER_MS)
    await told
  })
})
