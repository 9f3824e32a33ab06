/** Stores a body that is in memory: cut at once, known chunks left out, the others packed with those of other files. */
import { hash } from 'node:crypto'
import { asSha256 } from '@holdfast/core/wire/ids.ts'
import type { Compute } from '../compute/compute.ts'
import type { Bucket } from './buckets.ts'
import type { KnownChunks } from './known-chunks.ts'
import type { Packer } from './packer.ts'
import { type Page, PageCutter } from './page-cutter.ts'
import type { StoredContent } from './stored-content.ts'

export class SmallBodies {
  readonly #known: KnownChunks
  readonly #compute: Compute
  readonly #packer: Packer

  constructor(known: KnownChunks, compute: Compute, packer: Packer) {
    this.#known = known
    this.#compute = compute
    this.#packer = packer
  }

  async store(
    bucket: Bucket,
    plain: Uint8Array,
    options: { compress: boolean; useKnown: boolean },
  ): Promise<StoredContent> {
    const sha256 = asSha256(hash('sha256', plain, 'hex'))
    const chunks = plain.length === 0 ? [] : this.#compute.cutNow(bucket.plan.keys, plain, bucket.policy.chunking)
    const wanted = options.useKnown ? await this.#known.without(bucket.id, chunks) : chunks
    const plan = { ...bucket.plan, compress: options.compress }
    const stripe = wanted.length === 0 ? undefined : await this.#packer.store(plan, { plain, chunks: wanted })
    const [first] = chunks
    return {
      size: plain.length,
      sha256,
      chunk: chunks.length === 1 && first !== undefined ? first.id : null,
      pages: chunks.length > 1 ? pagesOf(chunks) : null,
      sessions: stripe === undefined ? [] : [stripe.session],
      commitStripes: async () => stripe?.commit(),
      release: () => stripe?.release(),
    }
  }
}

function pagesOf(chunks: readonly { id: Parameters<PageCutter['add']>[0]; length: number }[]): Page[] {
  const cutter = new PageCutter()
  const pages = chunks.map(({ id, length }) => cutter.add(id, length))
  return [...pages, cutter.end()].filter((page) => page !== undefined)
}
