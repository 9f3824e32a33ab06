/** A disk that passes everything on, and changes files as they are opened. */
import type { Disk, DiskFile, OpenOptions } from '../seams/disk.ts'

export abstract class ChangedDisk implements Disk {
  readonly #inner: Disk

  constructor(inner: Disk) {
    this.#inner = inner
  }

  abstract changed(file: DiskFile, options: OpenOptions): DiskFile

  async open(name: string, options: OpenOptions): Promise<DiskFile> {
    return this.changed(await this.#inner.open(name, options), options)
  }

  list(directory: string): Promise<string[]> {
    return this.#inner.list(directory)
  }

  makeDirectory(name: string): Promise<void> {
    return this.#inner.makeDirectory(name)
  }

  rename(from: string, to: string): Promise<void> {
    return this.#inner.rename(from, to)
  }

  remove(name: string): Promise<void> {
    return this.#inner.remove(name)
  }

  exists(name: string): Promise<boolean> {
    return this.#inner.exists(name)
  }

  syncDirectory(name: string): Promise<void> {
    return this.#inner.syncDirectory(name)
  }

  space(): Promise<{ capacityBytes: number; freeBytes: number }> {
    return this.#inner.space()
  }
}
