/**
 * Keeps a reserve of a disk free: puts are refused before it is touched, so that tombstones, the index and the copies of a
 * compaction, which give space back, can always be written. Asking the system for every put would cost more than the put;
 * so a measurement allows a share of what it found before the next one is due.
 */
import { HoldfastError } from '@holdfast/core/wire/errors.ts'
import type { Disk } from '../seams/disk.ts'

/** The reserve where the caller names none: 1 % of the disk, and not more than this. */
const RESERVE_BYTES_MAX = 1024 * 1024 * 1024
const RESERVE_SHARE = 0.01
/** Other writers may share the disk: no measurement allows more than this part of what was spare, or this many bytes. */
const ALLOWED_SHARE = 1 / 8
const ALLOWED_BYTES_MAX = 64 * 1024 * 1024

export interface Space {
  readonly capacityBytes: number
  /** Without the reserve. */
  readonly freeBytes: number
}

export class SpaceGuard {
  readonly #disk: Disk
  readonly #reserveBytes: number | undefined
  #allowedBytes = 0
  #isFull = false
  /** What the last refused put needed: until there is room for that, the disk stays full. */
  #neededBytes = 1
  #measuring: Promise<Space> | undefined

  constructor(disk: Disk, reserveBytes: number | undefined) {
    this.#disk = disk
    this.#reserveBytes = reserveBytes
  }

  get isFull(): boolean {
    return this.#isFull
  }

  /** Lets a put of this many bytes in. @throws disk_full */
  async admit(bytes: number): Promise<void> {
    if (!this.#isFull && bytes > this.#allowedBytes) {
      const { freeBytes } = await this.measure()
      if (bytes > freeBytes) {
        this.#neededBytes = bytes
        this.#isFull = true
      }
    }
    if (this.#isFull) throw new HoldfastError('disk_full', 'the disk is full up to its reserve')
    this.#allowedBytes -= bytes
  }

  /** The system refused a write for want of space, whatever it had said before. */
  noteFull(): void {
    this.#isFull = true
  }

  /** Asks the system; a disk that was full takes puts again if there is room. */
  measure(): Promise<Space> {
    this.#measuring ??= this.#measure().finally(() => {
      this.#measuring = undefined
    })
    return this.#measuring
  }

  async #measure(): Promise<Space> {
    const { capacityBytes, freeBytes } = await this.#disk.space()
    const reserveBytes = this.#reserveBytes ?? Math.min(capacityBytes * RESERVE_SHARE, RESERVE_BYTES_MAX)
    const spareBytes = Math.max(0, Math.floor(freeBytes - reserveBytes))
    this.#isFull = spareBytes < this.#neededBytes
    if (!this.#isFull) this.#neededBytes = 1
    this.#allowedBytes = Math.min(spareBytes * ALLOWED_SHARE, ALLOWED_BYTES_MAX)
    return { capacityBytes, freeBytes: spareBytes }
  }
}
