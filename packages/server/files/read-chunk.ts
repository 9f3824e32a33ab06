/**
 * One chunk's plain bytes, verified. The tag decides: where it fails, the nodes are asked once more and check what they read; then the
 * chunk's place is asked for afresh, for a repack may have moved it, and the shards are read whole. Where too few nodes answer, only
 * another place is worth another try: the same nodes would be waited for again.
 */
import { HoldfastError, hasCode } from '@holdfast/core/wire/errors.ts'
import type { Catalog } from '../catalog/catalog.ts'
import type { ChunkPlace, StripeRow } from '../catalog/rows.ts'
import { placesOf } from '../catalog/transactions/read-plan.ts'
import type { StripeReader } from '../cluster/read-stripe.ts'
import type { Compute } from '../compute/compute.ts'
import { freeBytes } from '../seams/free-bytes.ts'
import type { Bucket } from './buckets.ts'
import { ReadMemory } from './read-memory.ts'

export interface PlacedChunk {
  readonly place: ChunkPlace
  readonly stripe: StripeRow
}

type Places = Pick<Catalog, 'read'>
type Reader = Pick<StripeReader, 'read' | 'readNow' | 'readVerified'>
type Opener = Pick<Compute, 'openChunk'>

export class ChunkReader {
  readonly #catalog: Places
  readonly #reader: Reader
  readonly #compute: Opener

  constructor(catalog: Places, reader: Reader, compute: Opener) {
    this.#catalog = catalog
    this.#reader = reader
    this.#compute = compute
  }

  /** The plain bytes at once, where nothing has to be waited for. */
  readNow(bucket: Bucket, { place, stripe }: PlacedChunk): Uint8Array | undefined {
    const sealed = this.#reader.readNow(stripe, place)
    const [whole] = (sealed && this.#open(bucket, place, sealed, place.plainBytes)) ?? []
    return whole
  }

  /**
   * In pieces of this length, each the caller's alone.
   * @throws file_unavailable, shard_corrupt, version_not_found (its session ended, and the chunk went meanwhile)
   */
  async read(bucket: Bucket, chunk: PlacedChunk, pieceBytes: number): Promise<Uint8Array[]> {
    let unavailable: HoldfastError | undefined
    try {
      const plain =
        (await this.#tryRead(bucket, chunk, pieceBytes, false)) ??
        (await this.#tryRead(bucket, chunk, pieceBytes, true))
      if (plain !== undefined) return plain
    } catch (error) {
      if (!hasCode(error, 'file_unavailable')) throw error
      unavailable = error
    }
    const { places, stripes } = await this.#catalog.read(placesOf, { bucket: bucket.id, chunks: [chunk.place.chunk] })
    const [place] = places
    const [stripe] = stripes
    if (place === undefined || stripe === undefined) {
      throw new HoldfastError('version_not_found', 'this version went while it was read')
    }
    if (unavailable !== undefined && whereabouts({ place, stripe }) === whereabouts(chunk)) throw unavailable
    const verified = await this.#reader.readVerified(stripe, place)
    const again = this.#open(bucket, place, verified, pieceBytes)
    if (again === undefined) throw damaged()
    return again
  }

  /** Undefined where the bytes are not the chunk's. @throws file_unavailable */
  async #tryRead(
    bucket: Bucket,
    { place, stripe }: PlacedChunk,
    pieceBytes: number,
    checked: boolean,
  ): Promise<Uint8Array[] | undefined> {
    const memory = new ReadMemory(place.storedBytes)
    try {
      const sealed = await this.#reader.read(stripe, place, { checked, memory })
      const plain = this.#open(bucket, place, sealed, pieceBytes)
      // It may have come another way.
      freeBytes(sealed)
      return plain
    } finally {
      memory.release()
    }
  }

  #open(bucket: Bucket, place: ChunkPlace, sealed: Uint8Array, pieceBytes: number): Uint8Array[] | undefined {
    const keys = bucket.keysOf(place.keyEpoch)
    if (keys === undefined)
      throw new HoldfastError('format_unknown', `the bucket has no key of epoch ${place.keyEpoch}`)
    return this.#compute.openChunk(keys, place, sealed, pieceBytes)
  }
}

function whereabouts({ place, stripe }: PlacedChunk): string {
  return [stripe.stripe, place.place, ...stripe.shards.flatMap(({ index, node }) => [index, node])].join()
}

function damaged(): HoldfastError {
  return new HoldfastError(
    'shard_corrupt',
    'the stored bytes of this file do not match what was written; nothing of them is served',
  )
}
