/**
 * Memory that sealed chunks are read into, used again and again: what is read is dead as soon as it is opened, and megabytes of
 * garbage per chunk cost more than the reading.
 */
import type { LentMemory } from '../cluster/read-stripe.ts'

/** Shorter chunks cost little; a longer one has memory of its own. */
const PIECE_BYTES_MIN = 128 * 1024
const PIECE_BYTES_MAX = 2 * 1024 * 1024 + 4096
const PIECES_MAX = 8

class Piece implements LentMemory {
  readonly bytes: Uint8Array
  readonly #onFree: (piece: Piece) => void
  #holders = 0

  constructor(bytes: Uint8Array, onFree: (piece: Piece) => void) {
    this.bytes = bytes
    this.#onFree = onFree
  }

  hold(): void {
    this.#holders++
  }

  release(): void {
    this.#holders--
    if (this.#holders === 0) this.#onFree(this)
  }
}

export class ReadMemory {
  readonly #free: Piece[] = []
  #pieces = 0

  /**
   * Held once, by who takes it. Undefined where the bytes are not worth it, or all pieces are lent: then whoever reads makes its own.
   */
  take(lengthBytes: number): LentMemory | undefined {
    if (lengthBytes < PIECE_BYTES_MIN || lengthBytes > PIECE_BYTES_MAX) return undefined
    const piece = this.#free.pop() ?? this.#make()
    piece?.hold()
    return piece
  }

  #make(): Piece | undefined {
    if (this.#pieces === PIECES_MAX) return undefined
    this.#pieces++
    return new Piece(Buffer.allocUnsafeSlow(PIECE_BYTES_MAX), (piece) => this.#free.push(piece))
  }
}
