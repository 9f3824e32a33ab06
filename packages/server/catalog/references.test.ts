import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { ChunkId, Id } from '@holdfast/core/wire/ids.ts'
import { bytesOf } from './cells.ts'
import { HOLDER_VERSION, holdChunks, releaseChunks } from './references.ts'
import { chunkNamed, TestCatalog } from './test-catalog.test-support.ts'

const [a, b, c] = [chunkNamed('a'), chunkNamed('b'), chunkNamed('c')]

function filled(): TestCatalog {
  const catalog = new TestCatalog()
  catalog.commitStripe({ session: catalog.openSession(), chunks: [a, b, c] })
  return catalog
}

function hold(catalog: TestCatalog, holder: Id, chunks: readonly ChunkId[]): void {
  const run = () => holdChunks(catalog.bucket, chunks, { id: holder, kind: HOLDER_VERSION })
  catalog.run({ name: 'hold', run }, undefined)
}

function release(catalog: TestCatalog, holder: Id, chunks: readonly ChunkId[]): void {
  const run = () => releaseChunks(catalog.bucket, chunks.map(bytesOf), bytesOf(holder))
  catalog.run({ name: 'release', run }, undefined)
}

/** Of one chunk: its count, whether its slot is taken, and how many rows there are. */
function holdsOf(catalog: TestCatalog, chunk: ChunkId): [refs: number, slot: number, rows: number] {
  const is = `chunk_id = x'${chunk}'`
  return [
    catalog.count(`SELECT refs FROM chunks WHERE ${is}`),
    catalog.count(`SELECT holder_id IS NOT NULL FROM chunks WHERE ${is}`),
    catalog.count(`SELECT count(*) FROM chunk_refs WHERE ${is}`),
  ]
}

describe('holding chunks', () => {
  it('puts the first holder into the slot and further ones into rows', () => {
    using catalog = filled()
    const [first, second] = [catalog.ids.next(), catalog.ids.next()]
    hold(catalog, first, [a])
    hold(catalog, second, [a, b])
    assert.deepEqual(
      [a, b, c].map((chunk) => holdsOf(catalog, chunk)),
      [
        [2, 1, 1],
        [1, 1, 0],
        [0, 0, 0],
      ],
    )
    assert.equal(catalog.count(`SELECT count(*) FROM chunks WHERE holder_id = x'${second}' AND holder_kind = 1`), 1)
  })

  it('is released in any order, and an empty slot is the next holder’s', () => {
    using catalog = filled()
    const [first, second, third] = [catalog.ids.next(), catalog.ids.next(), catalog.ids.next()]
    hold(catalog, first, [a])
    hold(catalog, second, [a])
    release(catalog, first, [a])
    assert.deepEqual(holdsOf(catalog, a), [1, 0, 1])
    hold(catalog, third, [a])
    assert.deepEqual(holdsOf(catalog, a), [2, 1, 1])
    release(catalog, second, [a])
    assert.deepEqual(holdsOf(catalog, a), [1, 1, 0])
    release(catalog, third, [a])
    assert.deepEqual(holdsOf(catalog, a), [0, 0, 0])
  })

  it('lowers counts only by holds that were there', () => {
    using catalog = filled()
    const [first, second] = [catalog.ids.next(), catalog.ids.next()]
    hold(catalog, first, [a, b])
    hold(catalog, second, [b, c])
    release(catalog, second, [a, b, c])
    release(catalog, second, [a, b, c])
    assert.deepEqual(
      [a, b, c].map((chunk) => holdsOf(catalog, chunk)),
      [
        [1, 1, 0],
        [1, 1, 0],
        [0, 0, 0],
      ],
    )
  })

  it('refuses who holds the chunk already, by its slot or by its row', () => {
    using catalog = filled()
    const [first, second] = [catalog.ids.next(), catalog.ids.next()]
    hold(catalog, first, [a])
    hold(catalog, second, [a])
    assert.throws(() => hold(catalog, first, [a]), { code: 'conflict' })
    assert.throws(() => hold(catalog, second, [a]), /UNIQUE/)
    assert.deepEqual(holdsOf(catalog, a), [2, 1, 1])
  })

  it('counts who comes again to an empty slot twice, and keeps the chunk when that one goes', () => {
    using catalog = filled()
    const [first, second] = [catalog.ids.next(), catalog.ids.next()]
    hold(catalog, first, [a])
    hold(catalog, second, [a])
    release(catalog, first, [a])
    hold(catalog, second, [a])
    assert.deepEqual(holdsOf(catalog, a), [2, 1, 1])
    release(catalog, second, [a])
    assert.deepEqual(holdsOf(catalog, a), [1, 0, 1])
  })

  it('refuses a chunk that is named twice', () => {
    using catalog = filled()
    assert.throws(() => hold(catalog, catalog.ids.next(), [a, a]), { code: 'conflict' })
    assert.deepEqual(holdsOf(catalog, a), [0, 0, 0])
  })

  it('takes one statement where the slot is free, and one where it is given back', () => {
    using catalog = filled()
    const holder = catalog.ids.next()
    assert.equal(catalog.statementsOf(() => hold(catalog, holder, [a])).length, 1)
    assert.equal(catalog.statementsOf(() => release(catalog, holder, [a])).length, 1)
  })

  it('never knows a holder without its kind', () => {
    using catalog = filled()
    assert.throws(() => catalog.engine.query(`UPDATE chunks SET holder_id = x'00'`), /CHECK/)
  })
})
