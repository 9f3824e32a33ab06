/**
 * A file on its way out: version → chunks → places, a window of chunks at a time, each chunk verified before a byte of it is handed
 * on. A reader pins a session, so that what it looked up stays, and reads a few chunks ahead as far as there is room.
 */
import { HoldfastError } from '@holdfast/core/wire/errors.ts'
import type { ChunkId, Id } from '@holdfast/core/wire/ids.ts'
import type { Catalog } from '../catalog/catalog.ts'
import { type ChunkEntry, decodeEntries } from '../catalog/page-list.ts'
import type { FileRow, VersionRow } from '../catalog/rows.ts'
import { getVersion } from '../catalog/transactions/get-version.ts'
import { type LoneRead, readLone } from '../catalog/transactions/read-lone.ts'
import { placesOf, readPage, readPlan } from '../catalog/transactions/read-plan.ts'
import type { Pin, Sessions } from '../cluster/sessions.ts'
import type { Clock } from '../seams/clock.ts'
import { noteMoved } from '../seams/young-garbage.ts'
import type { Bucket, Buckets } from './buckets.ts'
import { DownloadsRoom, type EndReader } from './downloads-room.ts'
import { HeldChunk, type Wanted } from './held-chunk.ts'
import { missingFile } from './missing-file.ts'
import { assertPath } from './path-rules.ts'
import type { ChunkReader, PlacedChunk } from './read-chunk.ts'

/** Chunks whose places are resolved at once. */
const WINDOW_CHUNKS = 64
/** Chunks of one reader that are held or on their way at once. */
const READ_AHEAD = 3
/** So long a reader holds on to what it looked up; then it looks again whether its version is still there. */
const PIN_MS_MAX = 24 * 3600_000
/** A longer content is never handed out at once, for that is outside the budget: 2,048 connections can hold as much again. */
const WHOLE_BYTES_MAX = 64 * 1024

export interface ByteRange {
  readonly offset: number
  readonly length: number
}

export interface OpenFile {
  readonly file: FileRow
  readonly version: VersionRow
  /** The whole content, where it could be had at once. */
  readonly whole?: Uint8Array
  /**
   * Verified pieces in order, each the caller's alone. Throws where one cannot be had; then nothing more may be sent. `end` is called where the client takes
   * them too slowly; then the caller returns the generator.
   */
  read(range: ByteRange | undefined, signal: AbortSignal, end?: EndReader): AsyncGenerator<Uint8Array>
}

/** What to read, and the session that was current before it was looked up. */
interface Reading {
  readonly bucket: Bucket
  readonly file: FileRow
  readonly version: VersionRow
  readonly session: Id
}

export class Downloads {
  readonly #catalog: Catalog
  readonly #buckets: Buckets
  readonly #sessions: Sessions
  readonly #chunks: ChunkReader
  readonly #clock: Clock
  readonly #room: DownloadsRoom

  constructor(catalog: Catalog, buckets: Buckets, sessions: Sessions, chunks: ChunkReader, clock: Clock) {
    this.#catalog = catalog
    this.#buckets = buckets
    this.#sessions = sessions
    this.#chunks = chunks
    this.#clock = clock
    this.#room = new DownloadsRoom(clock)
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
    const session = this.#session()
    if (version !== undefined) return this.#openVersion(bucket, path, version, session)
    const found = this.#catalog.read(readLone, { bucket: bucket.id, path })
    return found instanceof Promise
      ? found.then((lone) => this.#opened(bucket, path, lone, session))
      : this.#opened(bucket, path, found, session)
  }

  #opened(bucket: Bucket, path: string, found: LoneRead | null, session: Id): OpenFile | Promise<never> {
    if (found === null) return this.#missing(bucket, path)
    const { file, version } = found
    const read = this.#reader({ bucket, file, version, session })
    const whole = this.#whole(bucket, found)
    return whole === undefined ? { file, version, read } : { file, version, whole, read }
  }

  async #missing(bucket: Bucket, path: string): Promise<never> {
    throw await missingFile(this.#catalog, bucket, path)
  }

  async #openVersion(bucket: Bucket, path: string, version: Id, session: Id): Promise<OpenFile> {
    const found = await this.#catalog.read(readPlan, { bucket: bucket.id, path, version })
    if (found === null) throw new HoldfastError('version_not_found', `${path} has no version ${version}`)
    return { ...found, read: this.#reader({ bucket, ...found, session }) }
  }

  /** What is near is read in this turn, in which nothing can go: a node hears of a deletion in a later one. */
  #whole(bucket: Bucket, { version, place, stripe }: LoneRead): Uint8Array | undefined {
    if (version.size === 0) return new Uint8Array()
    if (place === undefined || stripe === undefined || version.size > WHOLE_BYTES_MAX) return undefined
    return this.#chunks.readNow(bucket, { place, stripe })
  }

  #reader(reading: Reading): OpenFile['read'] {
    return (range, signal, end) => this.#read(reading, range, signal, end)
  }

  /** The current session, which lasts at least as long as it is current. */
  #session(): Id {
    const pin = this.#sessions.pin()
    pin.release()
    return pin.session
  }

  /**
   * Pins what was looked up. The session that was current then did so until now, if it still is; with another one, only what is
   * there now is safe.
   * @throws version_not_found
   */
  async #pin({ version, session }: Reading): Promise<Pin> {
    const pin = this.#sessions.pin()
    if (pin.session === session) return pin
    try {
      // By its ids, for its file may have moved; as long as a version has its row, all that it refers to is held.
      if ((await this.#catalog.read(getVersion, version)) === null) throw gone(version.version)
      return pin
    } catch (error) {
      pin.release()
      throw error
    }
  }

  async *#read(
    reading: Reading,
    range: ByteRange | undefined,
    signal: AbortSignal,
    end: EndReader = () => {},
  ): AsyncGenerator<Uint8Array> {
    const { bucket, version } = reading
    let pin = await this.#pin(reading)
    let pinnedAtMs = this.#clock.monotonicMs()
    const held: HeldChunk[] = []
    const letGo = (): number => held.reduce((bytes, chunk) => bytes + chunk.letGo(), 0)
    try {
      const source = this.#wanted(bucket, version, range ?? { offset: 0, length: version.size })
      const open = (chunk: PlacedChunk): Promise<Uint8Array[]> =>
        this.#chunks.read(bucket, chunk, this.#room.pieceBytes)
      let next = await source.next()
      for (;;) {
        for (; !next.done && held.length < READ_AHEAD; next = await source.next()) {
          held.push(new HeldChunk(next.value, this.#room, open))
        }
        const [first, ...ahead] = held
        if (first === undefined) return
        await first.hold(signal)
        for (const chunk of ahead) if (!chunk.tryHold()) break
        for (let piece = await first.next(signal); piece !== undefined; piece = await first.next(signal)) {
          signal.throwIfAborted()
          noteMoved(piece.length)
          yield* this.#room.send(piece, { end, letGo })
          if (this.#clock.monotonicMs() - pinnedAtMs < PIN_MS_MAX) continue
          const before = pin
          pin = await this.#pin(reading)
          pinnedAtMs = this.#clock.monotonicMs()
          before.release()
        }
        first.letGo()
        held.shift()
      }
    } finally {
      letGo()
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
