/**
 * Cuts a chunk list into pages, entry by entry, as the chunks of a file become known. Where a page ends is decided by the chunk ids
 * alone, not by how many came before: an edit in the middle of a large file changes the pages around it and leaves the others as
 * they are, so that versions share them. `docs/formats.md`, *The catalog*, has the rule.
 */
import type { ChunkId, Id } from '@holdfast/core/wire/ids.ts'
import { type ChunkEntry, encodeEntries, pageIdOf } from '../catalog/page-list.ts'

/** One chunk id in 1,024 ends a page. */
const CUT_MASK = 0x03ff
const ENTRIES_MIN = 250
const ENTRIES_MAX = 2000

export interface Page {
  readonly page: Id
  readonly entries: Uint8Array
  readonly count: number
  readonly plainBytes: number
}

export class PageCutter {
  #entries: ChunkEntry[] = []

  /** The page that this chunk ends. */
  add(chunk: ChunkId, plainBytes: number): Page | undefined {
    const count = this.#entries.push({ chunk, plainBytes })
    const cut = (Number.parseInt(chunk.slice(0, 4), 16) & CUT_MASK) === 0
    return (cut && count >= ENTRIES_MIN) || count === ENTRIES_MAX ? this.#take() : undefined
  }

  /** The page of what is left over. */
  end(): Page | undefined {
    return this.#entries.length > 0 ? this.#take() : undefined
  }

  #take(): Page {
    const taken = this.#entries
    this.#entries = []
    const entries = encodeEntries(taken)
    const plainBytes = taken.reduce((sum, entry) => sum + entry.plainBytes, 0)
    return { page: pageIdOf(entries), entries, count: taken.length, plainBytes }
  }
}
