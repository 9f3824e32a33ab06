/**
 * Handles of segment files for reading, the most recently used kept open. A handle is lent; it is closed only when nobody holds
 * it, because its number would be given to another file while a read is under way.
 */
import type { Disk, DiskFile } from '../seams/disk.ts'
import { NearPages } from './near-pages.ts'
import { segmentPath } from './segment-name.ts'

const OPEN_FILES_MAX = 64

interface Entry {
  readonly opening: Promise<DiskFile>
  /** Set once it is open. */
  file: DiskFile | undefined
  readonly near: NearPages
  readers: number
  /** Closed as soon as the last reader is done. */
  dropped: boolean
}

export class FileCache implements AsyncDisposable {
  readonly #disk: Disk
  /** In order of use, the least recent first. */
  readonly #entries = new Map<number, Entry>()
  #disposed = false

  constructor(disk: Disk) {
    this.#disk = disk
  }

  /** Lends the file of a segment for the time of `read`, which says what it has read. */
  async lend<T>(segment: number, read: (file: DiskFile, near: NearPages) => Promise<T>): Promise<T> {
    const entry = this.#entries.get(segment) ?? this.#open(segment)
    this.#touch(segment, entry)
    entry.readers++
    try {
      return await read(await entry.opening, entry.near)
    } catch (error) {
      if (entry.file === undefined) this.#forget(segment, entry)
      throw error
    } finally {
      entry.readers--
      if (entry.dropped && entry.readers === 0) await close(entry)
    }
  }

  /** The file of a segment if it is open and the bytes are near, for a read that ends before anything else can happen. */
  peek(segment: number, position: number, length: number): DiskFile | undefined {
    const entry = this.#entries.get(segment)
    if (entry?.file === undefined || !entry.near.has(position, length)) return undefined
    this.#touch(segment, entry)
    return entry.file
  }

  /** What was read before has gone from memory. */
  forgetNear(): void {
    for (const { near } of this.#entries.values()) near.clear()
  }

  /** Lets go of a segment's file, which is about to be removed. */
  async drop(segment: number): Promise<void> {
    const entry = this.#entries.get(segment)
    if (entry === undefined) return
    this.#forget(segment, entry)
    if (entry.readers === 0) await close(entry)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposed = true
    for (const segment of [...this.#entries.keys()]) await this.drop(segment)
  }

  #open(segment: number): Entry {
    const opening = this.#openFile(segment)
    const entry: Entry = { opening, file: undefined, near: new NearPages(), readers: 0, dropped: this.#disposed }
    entry.opening.then(
      (file) => {
        entry.file = file
      },
      () => undefined,
    )
    if (!this.#disposed) this.#entries.set(segment, entry)
    return entry
  }

  async #openFile(segment: number): Promise<DiskFile> {
    await this.#makeRoom()
    return await this.#disk.open(segmentPath(segment), { mode: 'read' })
  }

  async #makeRoom(): Promise<void> {
    for (const [segment, entry] of this.#entries) {
      if (this.#entries.size <= OPEN_FILES_MAX) return
      if (entry.readers === 0 && entry.file !== undefined) await this.drop(segment)
    }
  }

  #touch(segment: number, entry: Entry): void {
    if (this.#entries.delete(segment)) this.#entries.set(segment, entry)
  }

  #forget(segment: number, entry: Entry): void {
    entry.dropped = true
    if (this.#entries.get(segment) === entry) this.#entries.delete(segment)
  }
}

async function close(entry: Entry): Promise<void> {
  await entry.file?.close()
}
