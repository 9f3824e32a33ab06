/**
 * Which chunks need not be stored again: those that the bucket has, on enough good shards that are within reach,
 * and that are not condemned.
 */
import type { ChunkId, Id } from '@holdfast/core/wire/ids.ts'
import type { Catalog } from '../catalog/catalog.ts'
import { findChunks } from '../catalog/transactions/find-chunks.ts'
import type { Nodes } from '../cluster/nodes.ts'
import type { NamedChunk } from '../compute/compute.ts'

interface Question {
  readonly asked: Set<ChunkId>
  readonly known: Promise<ReadonlySet<ChunkId>>
}

export class KnownChunks {
  readonly #catalog: Pick<Catalog, 'read'>
  readonly #nodes: Pick<Nodes, 'away'>
  /** By bucket: small files that came together are looked up together, for a statement costs more than a row. */
  readonly #questions = new Map<Id, Question>()

  constructor(catalog: Pick<Catalog, 'read'>, nodes: Pick<Nodes, 'away'>) {
    this.#catalog = catalog
    this.#nodes = nodes
  }

  /** Each of them that has to be stored, once. */
  async without(bucket: Id, chunks: readonly NamedChunk[]): Promise<NamedChunk[]> {
    const { asked, known } = this.#questions.get(bucket) ?? this.#ask(bucket)
    const distinct = new Map<ChunkId, NamedChunk>()
    for (const chunk of chunks) {
      asked.add(chunk.id)
      if (!distinct.has(chunk.id)) distinct.set(chunk.id, chunk)
    }
    const stored = await known
    return [...distinct.values()].filter(({ id }) => !stored.has(id))
  }

  /** Goes to the catalog behind the microtasks at hand. */
  #ask(bucket: Id): Question {
    const asked = new Set<ChunkId>()
    const known = Promise.resolve().then(async () => {
      this.#questions.delete(bucket)
      const args = { bucket, chunks: [...asked], goodShardsNeeded: true, away: this.#nodes.away() }
      const found = await this.#catalog.read(findChunks, args)
      return new Set(found.map(({ chunk }) => chunk))
    })
    const question = { asked, known }
    this.#questions.set(bucket, question)
    return question
  }
}
