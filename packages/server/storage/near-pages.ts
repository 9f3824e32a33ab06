/**
 * Which pages of a file were read before. They are most likely in the system's memory still, so that they may be read at once, on the
 * event loop. What was never read is on the disk only (records are written past the page cache): a disk that has begun to hang would
 * stop the whole process there.
 */
const PAGE_BYTES = 4096

export class NearPages {
  /** One bit per page: 8 KiB for a full segment. */
  #bits = new Uint8Array()

  /** `length` is at least 1. */
  add(position: number, length: number): void {
    const last = pageOf(position + length - 1)
    const bytes = (last >> 3) + 1
    if (bytes > this.#bits.length) {
      const longer = new Uint8Array(2 * bytes)
      longer.set(this.#bits)
      this.#bits = longer
    }
    for (let page = pageOf(position); page <= last; page++)
      this.#bits[page >> 3] = (this.#bits[page >> 3] ?? 0) | bitOf(page)
  }

  has(position: number, length: number): boolean {
    const last = pageOf(position + length - 1)
    for (let page = pageOf(position); page <= last; page++) {
      if (((this.#bits[page >> 3] ?? 0) & bitOf(page)) === 0) return false
    }
    return true
  }

  clear(): void {
    this.#bits.fill(0)
  }
}

function pageOf(position: number): number {
  return Math.floor(position / PAGE_BYTES)
}

function bitOf(page: number): number {
  return 1 << (page & 7)
}
