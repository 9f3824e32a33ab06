/**
 * Memory that sealed chunks are read into, used again and again: what is read is dead as soon as it is opened, and megabytes of
 * garbage per chunk cost more than the reading.
 */

/** Shorter chunks cost little; a longer one has memory of its own. */
const PIECE_BYTES_MIN = 128 * 1024
const PIECE_BYTES_MAX = 2 * 1024 * 1024 + 4096
const PIECES_MAX = 8

export class ReadMemory {
  readonly #free: Uint8Array[] = []
  #pieces = 0

  /** Undefined where the bytes are not worth it, or all pieces are lent: then whoever reads makes its own. */
  take(lengthBytes: number): Uint8Array | undefined {
    if (lengthBytes < PIECE_BYTES_MIN || lengthBytes > PIECE_BYTES_MAX) return undefined
    const free = this.#free.pop()
    if (free !== undefined || this.#pieces === PIECES_MAX) return free
    this.#pieces++
    return Buffer.allocUnsafeSlow(PIECE_BYTES_MAX)
  }

  /** Only when nothing reads into it or from it any more. */
  giveBack(piece: Uint8Array | undefined): void {
    if (piece !== undefined) this.#free.push(piece)
  }
}
