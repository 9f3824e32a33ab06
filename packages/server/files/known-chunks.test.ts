import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { asChunkId, asId, type ChunkId, type Id } from '@holdfast/core/wire/ids.ts'
import type { Catalog } from '../catalog/catalog.ts'
import { findChunks } from '../catalog/transactions/find-chunks.ts'
import type { NamedChunk } from '../compute/compute.ts'
import { KnownChunks } from './known-chunks.ts'

const [ours, theirs] = [asId('0a'.repeat(16)), asId('0b'.repeat(16))]
const stored = idOf(7)

/** Knows one chunk of `ours`, and writes down what it was asked. */
function questioned(failing = false) {
  const asked: { bucket: Id; chunks: readonly ChunkId[] }[] = []
  const catalog: Pick<Catalog, 'read'> = {
    read: async (transaction, args) => {
      assert.equal(transaction.name, findChunks.name)
      const question = args as { bucket: Id; chunks: readonly ChunkId[] }
      asked.push(question)
      if (failing) throw new Error('no catalog')
      const known = question.bucket === ours && question.chunks.includes(stored)
      return (known ? [{ chunk: stored }] : []) as never
    },
  }
  return { asked, known: new KnownChunks(catalog, { away: () => [] }) }
}

describe('chunks that need not be stored again', () => {
  it('are asked for once for all files that came together, bucket by bucket', async () => {
    const { asked, known } = questioned()
    const fresh = await Promise.all([
      known.without(ours, [chunk(1), chunk(7)]),
      known.without(ours, [chunk(7), chunk(2), chunk(2)]),
      known.without(theirs, [chunk(7)]),
    ])
    assert.deepEqual(fresh, [[chunk(1)], [chunk(2)], [chunk(7)]])
    assert.deepEqual(
      asked.map(({ bucket, chunks }) => [bucket, chunks.length]),
      [
        [ours, 3],
        [theirs, 1],
      ],
    )
  })

  it('are asked for afresh by whoever comes later', async () => {
    const { asked, known } = questioned()
    await known.without(ours, [chunk(1)])
    await known.without(ours, [chunk(1)])
    assert.equal(asked.length, 2)
  })

  it('are unknown to all who asked where the catalog fails', async () => {
    const { known } = questioned(true)
    const asked = [known.without(ours, [chunk(1)]), known.without(ours, [chunk(2)])]
    for (const each of await Promise.allSettled(asked)) assert.equal(each.status, 'rejected')
  })
})

function idOf(n: number): ChunkId {
  return asChunkId(n.toString(16).padStart(64, '0'))
}

function chunk(n: number): NamedChunk {
  return { offset: 0, length: 1, id: idOf(n) }
}
