/**
 * A file on its way out: version → chunks → places, a window of chunks at a time, each chunk verified before a byte of it is handed
 * on. A reader pins a session, so that what it looked up stays, and reads a few chunks ahead as far as the byte budget allows.
 */
import { HoldfastError } from '@holdfast/core/wire/errors.ts'
import type { ChunkId, Id } from '@holdfast/core/wire/ids.ts'
import type { Catalog } from '../catalog/catalog.ts'
import { type ChunkEntry, decodeEntries } from '../catalog/page-list.ts'
import type { FileRow, VersionRow } from '../catalog/rows.ts'
import { type LoneRead, readLone } from '../catalog/transactions/read-lone.ts'
import { placesOf, readPage, readPlan } from '../catalog/transactions/read-plan.ts'
import { ByteBudget } from '../cluster/byte-budget.ts'
import type { Sessions } from '../cluster/sessions.ts'
import { noteMoved } from '../seams/young-garbage.ts'
import type { Bucket, Buckets } from './buckets.ts'
import { assertPath } from './path-rules.ts'
import type { ChunkReader, PlacedChunk } from './read-chunk.ts'

/** Chunks whose places are resolved at once. */
const WINDOW_CHUNKS = 64
/** Chunks of one reader that are held or on their way at once. */
const READ_AHEAD = 3
/** Plain bytes that all readers hold together; a chunk is at most 2 MiB. */
const READERS_BUDGET_BYTES = 128 * 1024 * 1024
/** Reading ahead is for few readers: it stops here, so that many slow ones still get a chunk each. */
const AHEAD_BUDGET_BYTES = 32 * 1024 * 1024
const WAITERS_MAX = 1024

export interface ByteRange {
  readonly offset: number
  readonly length: number
}

export interface OpenFile {
  readonly file: FileRow
  readonly version: VersionRow
  /** The whole content, where it could be had at once. */
  readonly whole?: Uint8Array
  /** Verified pieces in order. Throws where one cannot be had; then nothing more may be sent. */
  read(range: ByteRange | undefined, signal: AbortSignal): AsyncGenerator<Uint8Array>
}

/** A run of plain bytes of one chunk. */
interface Wanted {
  readonly chunk: PlacedChunk
  readonly from: number
  readonly to: number
}

export class Downloads {
  readonly #catalog: Catalog
  readonly #buckets: Buckets
  readonly #sessions: Sessions
  readonly #chunks: ChunkReader
  readonly #budget = new ByteBudget(READERS_BUDGET_BYTES, WAITERS_MAX)

  constructor(catalog: Catalog, buckets: Buckets, sessions: Sessions, chunks: ChunkReader) {
    this.#catalog = catalog
    this.#buckets = buckets
    this.#sessions = sessions
    this.#chunks = chunks
  }

  /**
   * At once where bucket and catalog answer at once.
   * @throws bad_request, limit_exceeded, bucket_not_found, file_not_found, version_not_found
   */
  open(request: { bucket: string; path: string; version?: Id }): OpenFile | Promise<OpenFile> {
    assertPath(request.path)
    const bucket = this.#buckets.use(request.bucket)
    if (bucket instanceof Promise) return bucket.then((loaded) => this.#open(loaded, request))
    return this.#open(bucket, request)
  }

  #open(bucket: Bucket, { path, version }: { path: string; version?: Id }): OpenFile | Promise<OpenFile> {
    if (version !== undefined) return this.#openVersion(bucket, path, version)
    const found = this.#catalog.read(readLone, { bucket: bucket.id, path })
    return found instanceof Promise
      ? found.then((lone) => this.#opened(bucket, path, lone))
      : this.#opened(bucket, path, found)
  }

  #opened(bucket: Bucket, path: string, found: LoneRead | null): OpenFile {
    if (found === null) throw new HoldfastError('file_not_found', `there is no file ${path} in bucket ${bucket.name}`)
    const { file, version, place, stripe } = found
    const lone = place !== undefined && stripe !== undefined ? { place, stripe } : undefined
    const whole = version.size === 0 ? new Uint8Array() : lone && this.#chunks.readNow(bucket, lone)
    const read = (range: ByteRange | undefined, signal: AbortSignal) => this.#read(bucket, version, range, signal)
    return whole === undefined ? { file, version, read } : { file, version, whole, read }
  }

  async #openVersion(bucket: Bucket, path: string, version: Id): Promise<OpenFile> {
    const found = await this.#catalog.read(readPlan, { bucket: bucket.id, path, version })
    if (found === null) throw new HoldfastError('version_not_found', `${path} has no version ${version}`)
    return { ...found, read: (range, signal) => this.#read(bucket, found.version, range, signal) }
  }

  async *#read(
    bucket: Bucket,
    version: VersionRow,
    range: ByteRange | undefined,
    signal: AbortSignal,
  ): AsyncGenerator<Uint8Array> {
    const pin = this.#sessions.pin()
    const ahead: { bytes: number; plain: Promise<Uint8Array> }[] = []
    const give = ({ bytes, plain }: { bytes: number; plain: Promise<Uint8Array> }): void => {
      plain.then(
        () => this.#budget.give(bytes),
        () => this.#budget.give(bytes),
      )
    }
    try {
      const source = this.#wanted(bucket, version, range ?? { offset: 0, length: version.size })
      let next = await source.next()
      for (;;) {
        while (!next.done && ahead.length < READ_AHEAD) {
          const { chunk, from, to } = next.value
          const bytes = chunk.place.plainBytes
          if (ahead.length > 0) {
            if (this.#budget.heldBytes > AHEAD_BUDGET_BYTES || !this.#budget.tryTake(bytes)) break
          } else await this.#budget.take(bytes, signal)
          const plain = this.#chunks.read(bucket, chunk).then((whole) => whole.subarray(from, to))
          // A failure shows when this chunk's turn comes.
          plain.catch(() => {})
          ahead.push({ bytes, plain })
          next = await source.next()
        }
        const first = ahead[0]
        if (first === undefined) return
        signal.throwIfAborted()
        const plain = await first.plain
        noteMoved(plain.length)
        yield plain
        ahead.shift()
        give(first)
      }
    } finally {
      for (const held of ahead) give(held)
      pin.release()
    }
  }

  /** The chunks that hold the range, in order, with their places. */
  async *#wanted(bucket: Bucket, version: VersionRow, range: ByteRange): AsyncGenerator<Wanted> {
    const end = range.offset + range.length
    let at = 0
    let window: { entry: ChunkEntry; at: number }[] = []
    for await (const entry of this.#entries(bucket, version, range)) {
      at = entry.at
      if (at + entry.plainBytes > range.offset && at < end) window.push({ entry, at })
      if (window.length === WINDOW_CHUNKS) {
        yield* await this.#place(bucket, window, range)
        window = []
      }
      if (at + entry.plainBytes >= end) break
    }
    yield* await this.#place(bucket, window, range)
  }

  async #place(
    bucket: Bucket,
    window: readonly { entry: ChunkEntry; at: number }[],
    range: ByteRange,
  ): Promise<Wanted[]> {
    if (window.length === 0) return []
    const { places, stripes } = await this.#catalog.read(placesOf, {
      bucket: bucket.id,
      chunks: window.map(({ entry }) => entry.chunk),
    })
    const placeOf = new Map(places.map((place) => [place.chunk, place]))
    const stripeOf = new Map(stripes.map((stripe) => [stripe.stripe, stripe]))
    return window.map(({ entry, at }): Wanted => {
      const place = placeOf.get(entry.chunk)
      const stripe = place && stripeOf.get(place.stripe)
      if (place === undefined || stripe === undefined || place.plainBytes !== entry.plainBytes) throw gone(entry.chunk)
      const from = Math.max(0, range.offset - at)
      const to = Math.min(entry.plainBytes, range.offset + range.length - at)
      return { chunk: { place, stripe }, from, to }
    })
  }

  /** Entries with their place in the file; whole pages before the range are skipped unread. */
  async *#entries(bucket: Bucket, version: VersionRow, range: ByteRange): AsyncGenerator<ChunkEntry & { at: number }> {
    if (version.chunk !== null) yield { chunk: version.chunk, plainBytes: version.size, at: 0 }
    let at = 0
    for (const page of version.pages ?? []) {
      if (at + page.plainBytes <= range.offset) {
        at += page.plainBytes
        continue
      }
      const entries = await this.#catalog.read(readPage, { bucket: bucket.id, page: page.page })
      if (entries === null) throw gone(page.page)
      for (const entry of decodeEntries(entries)) {
        yield { ...entry, at }
        at += entry.plainBytes
      }
    }
  }
}

function gone(what: ChunkId | Id): HoldfastError {
  return new HoldfastError('version_not_found', `this version went while it was read (${what} is no longer there)`)
}
