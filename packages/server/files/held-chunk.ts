/**
 * A chunk that a reader has before it. It is opened as a whole, for its tag is over all of it, and lies in pieces, each of which goes to the
 * client by itself. So a client that is slow needs no more than the piece that it takes: where others wait, the rest of its chunk
 * is let go of, and opened again when its turn comes.
 *
 *     chunk   | gone | gone | before the client | held | held |
 */
import { assert } from '@holdfast/core/wire/assert.ts'
import { freeBytes } from '../seams/free-bytes.ts'
import type { DownloadsRoom } from './downloads-room.ts'
import type { PlacedChunk } from './read-chunk.ts'

/** A run of plain bytes of one chunk. */
export interface Wanted {
  readonly chunk: PlacedChunk
  readonly from: number
  readonly to: number
}

/** The verified pieces of a chunk, in order. */
type Open = (chunk: PlacedChunk) => Promise<Uint8Array[]>

export class HeldChunk {
  readonly #chunk: PlacedChunk
  readonly #to: number
  readonly #room: DownloadsRoom
  readonly #open: Open
  /** What is before it has gone to the client. */
  #from: number
  /** Those that are still to go, while they are held or on their way. */
  #pieces: Promise<Uint8Array[]> | undefined
  /** Of the room. */
  #heldBytes = 0

  constructor({ chunk, from, to }: Wanted, room: DownloadsRoom, open: Open) {
    this.#chunk = chunk
    this.#from = from
    this.#to = to
    this.#room = room
    this.#open = open
  }

  /** For what the client waits for; whoever waits for room holds nothing else. @throws overloaded */
  async hold(signal: AbortSignal): Promise<void> {
    if (this.#pieces !== undefined) return
    await this.#room.take(this.#chunk.place.plainBytes, signal)
    this.#begin()
  }

  /** For what is read ahead. */
  tryHold(): boolean {
    if (this.#pieces !== undefined) return true
    if (!this.#room.tryTake(this.#chunk.place.plainBytes)) return false
    this.#begin()
    return true
  }

  /** The next piece, whose part of the room is the caller's from now on, or undefined behind the last one. */
  async next(signal: AbortSignal): Promise<Uint8Array | undefined> {
    if (this.#from === this.#to) return undefined
    await this.hold(signal)
    const piece = (await this.#pieces)?.shift()
    assert(piece !== undefined, 'the pieces of a chunk are as long as it is')
    this.#from += piece.length
    this.#heldBytes -= piece.length
    return piece
  }

  /** How much room that makes, as soon as nothing is read into it any more. */
  letGo(): number {
    const [pieces, bytes] = [this.#pieces, this.#heldBytes]
    this.#pieces = undefined
    this.#heldBytes = 0
    const give = (): void => this.#room.give(bytes)
    pieces?.then((held) => held.forEach(freeBytes)).then(give, give)
    return bytes
  }

  #begin(): void {
    this.#heldBytes = this.#chunk.place.plainBytes
    this.#pieces = this.#open(this.#chunk).then((all) => cut(all, this.#from, this.#to))
    // A failure shows when this chunk's turn comes.
    this.#pieces.catch(() => {})
  }
}

/** The bytes from `from` to `to` of the pieces; what is beside them is freed. */
function cut(all: readonly Uint8Array[], from: number, to: number): Uint8Array[] {
  const wanted: Uint8Array[] = []
  let at = 0
  for (const piece of all) {
    const [start, end] = [Math.max(0, from - at), Math.min(piece.length, to - at)]
    at += piece.length
    if (start >= end) freeBytes(piece)
    else wanted.push(start === 0 && end === piece.length ? piece : piece.subarray(start, end))
  }
  return wanted
}
