/**
 * A file's bytes, apart from its names, as a simulated disk keeps them: `stable` is what a crash cannot touch, `current` what readers
 * see, `pending` the writes and truncations since the last sync, in order.
 */

export interface Write {
  readonly is: 'write'
  readonly position: number
  readonly bytes: Uint8Array
}

export type Change = Write | { readonly is: 'truncate'; readonly lengthBytes: number }

export interface Inode {
  readonly stable: Content
  readonly current: Content
  pending: Change[]
}

/** The bytes of a file; they grow by doubling, so that appending costs little. */
export class Content {
  #memory = new Uint8Array(0)
  #length = 0

  get bytes(): Uint8Array {
    return this.#memory.subarray(0, this.#length)
  }

  get length(): number {
    return this.#length
  }

  apply(made: Change): void {
    if (made.is === 'truncate') {
      this.#grow(made.lengthBytes)
      if (made.lengthBytes < this.#length) this.#memory.fill(0, made.lengthBytes, this.#length)
      this.#length = made.lengthBytes
      return
    }
    const end = made.position + made.bytes.length
    this.#grow(end)
    this.#memory.set(made.bytes, made.position)
    this.#length = Math.max(this.#length, end)
  }

  become(other: Content): void {
    this.#memory = other.bytes.slice()
    this.#length = other.length
  }

  copyOut(into: Uint8Array, position: number): number {
    const found = this.bytes.subarray(Math.min(position, this.#length), position + into.length)
    into.set(found)
    return found.length
  }

  #grow(length: number): void {
    if (length <= this.#memory.length) return
    const larger = new Uint8Array(Math.max(length, 2 * this.#memory.length))
    larger.set(this.bytes)
    this.#memory = larger
  }
}

export function newInode(): Inode {
  return { stable: new Content(), current: new Content(), pending: [] }
}

/** The truncations that a write relies on. What they cut off of earlier writes does not come back. */
export function cutsBefore(inode: Inode, written: Change): Change[] {
  const before = inode.pending.slice(0, inode.pending.indexOf(written))
  const last = before.findLastIndex(({ is }) => is === 'truncate')
  const cuts = before.filter(({ is }) => is === 'truncate')
  inode.pending = inode.pending.map((made, at) => {
    if (made.is === 'truncate' || at > last) return made
    const lengthBytes = Math.min(...before.slice(at).map((cut) => (cut.is === 'truncate' ? cut.lengthBytes : Infinity)))
    return { ...made, bytes: made.bytes.subarray(0, Math.max(0, lengthBytes - made.position)) }
  })
  return cuts
}

export function change(inode: Inode, made: Change): void {
  inode.pending.push(made)
  inode.current.apply(made)
}
