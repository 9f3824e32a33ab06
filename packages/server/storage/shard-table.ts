/**
 * What is on one disk: the state of each shard, and of each segment its end and how many of its bytes are still wanted. It
 * stands on an index and does the counting, so that every index counts alike.
 */

import type { Id } from '@holdfast/core/wire/ids.ts'
import {
  type DeedFact,
  type Fact,
  hides,
  isEnded,
  isSameFact,
  recordBytesOf,
  type ShardState,
  stateOf,
} from './facts.ts'
import type { SegmentInfo, ShardIndex } from './shard-index.ts'
import { idOf, type ShardKey, shardKey } from './shard-key.ts'
import type { SegmentEnd, ShardEntry, ShardId } from './shard-store.ts'

/** How many facts are fetched at once when shards are listed. */
const FACTS_PER_FETCH = 1000
/** About 400 bytes each. */
const RECENT_STATES_MAX = 4096

export class ShardTable implements AsyncDisposable {
  readonly #index: ShardIndex
  readonly #segments = new Map<number, SegmentInfo>()
  /** The numbers of those that may still grow: the open one, the next, and at most a few that an earlier start left. */
  readonly #unclosed = new Set<number>()
  /** No segment has a higher number. */
  #last = 0
  /** States that were asked for, the least recently used first. Many small files share a shard, so a few go far. */
  readonly #recent = new Map<ShardKey, ShardState>()

  constructor(index: ShardIndex) {
    this.#index = index
    for (const info of index.segments()) this.#note(info)
  }

  state(id: ShardId): ShardState {
    return this.stateOfKey(shardKey(id))
  }

  stateOfKey(key: ShardKey): ShardState {
    const recent = this.#recentOfKey(key)
    if (recent !== undefined) return recent
    const state = stateOf(this.#index.facts(key))
    if (state.puts.length > 0) this.#remember(key, state)
    return state
  }

  /** Where it is in memory: the index is not asked, which may read from its disk. */
  recentState(id: ShardId): ShardState | undefined {
    return this.#recentOfKey(shardKey(id))
  }

  /** All that is known of a shard, also what was ended. */
  facts(key: ShardKey): readonly Fact[] {
    return this.#index.facts(key)
  }

  /** Takes in one fact; one that is known already changes nothing. */
  add(fact: Fact): void {
    const before = this.#index.facts(fact.key)
    if (before.length > 0 && before.some((known) => isSameFact(known, fact))) return
    this.#index.add(fact)
    this.#recent.delete(fact.key)
    if (fact.what === 'put') {
      if (!isEnded(fact, before)) this.#addLive(fact.segment, recordBytesOf(fact))
    } else this.#countEnded(fact, before)
  }

  /** Counts a record that stands for itself, of journal or snapshot, as wanted. */
  addLive(segment: number, recordBytes: number): void {
    this.#addLive(segment, recordBytes)
  }

  segment(segment: number): SegmentInfo | undefined {
    return this.#segments.get(segment)
  }

  segments(): SegmentInfo[] {
    return [...this.#segments.values()].sort((a, b) => a.segment - b.segment)
  }

  /** How far the segments from `from` on go, in order. Costs a look at each of these, or at all where it is left out. */
  ends(from?: number): SegmentEnd[] {
    if (from === undefined) return this.segments().map(endOf)
    const ends: SegmentEnd[] = []
    for (let segment = from; segment <= this.#last; segment++) {
      const info = this.#segments.get(segment)
      if (info !== undefined) ends.push(endOf(info))
    }
    return ends
  }

  /** Every segment with a lower number is closed, and none will come. */
  get settledBelow(): number {
    return Math.min(this.#last + 1, ...this.#unclosed)
  }

  /** Called after the facts of all records before `endBytes` were added: the index never knows an end without them. */
  setEnd(segment: number, endBytes: number, closed: boolean): void {
    this.#set({ segment, endBytes, closed, liveBytes: this.#segments.get(segment)?.liveBytes ?? 0 })
  }

  /** Forgets a segment that is about to be removed, and the facts that it held. */
  dropSegment(segment: number, facts: readonly Fact[]): void {
    this.#index.remove(facts)
    for (const { key } of facts) this.#recent.delete(key)
    this.#index.dropSegment(segment)
    this.#segments.delete(segment)
    this.#unclosed.delete(segment)
  }

  /**
   * Entries in order of id; those that were ended are passed over. There may be millions of these in a row, so `breathe` is
   * awaited between fetches.
   */
  async list(after: ShardId | undefined, limit: number, breathe: () => Promise<void>): Promise<ShardEntry[]> {
    const entries: ShardEntry[] = []
    let last = after === undefined ? undefined : shardKey(after)
    while (entries.length < limit) {
      const facts = this.#index.factsAfter(last, FACTS_PER_FETCH)
      if (facts.length === 0) break
      for (const ofKey of groupByKey(facts)) {
        const entry = entryOf(stateOf(ofKey))
        if (entry !== undefined && entries.length < limit) entries.push(entry)
      }
      last = facts.at(-1)?.key
      if (entries.length < limit) await breathe()
    }
    return entries
  }

  flush(): void {
    this.#index.flush()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#index[Symbol.asyncDispose]()
  }

  /** A purge or quarantine makes the space of what it ends dead, once. */
  #countEnded(deed: DeedFact, before: readonly Fact[]): void {
    if (deed.what !== 'purge' && deed.what !== 'quarantine') return
    for (const fact of before) {
      if (fact.what !== 'put' || !hides(deed, fact) || isEnded(fact, before)) continue
      this.#addLive(fact.segment, -recordBytesOf(fact))
    }
  }

  #recentOfKey(key: ShardKey): ShardState | undefined {
    const recent = this.#recent.get(key)
    if (recent === undefined) return undefined
    this.#recent.delete(key)
    this.#recent.set(key, recent)
    return recent
  }

  #remember(key: ShardKey, state: ShardState): void {
    const [oldest] = this.#recent.keys()
    if (this.#recent.size >= RECENT_STATES_MAX && oldest !== undefined) this.#recent.delete(oldest)
    this.#recent.set(key, state)
  }

  #addLive(segment: number, bytes: number): void {
    const known = this.#segments.get(segment) ?? { segment, endBytes: 0, closed: false, liveBytes: 0 }
    this.#set({ ...known, liveBytes: known.liveBytes + bytes })
  }

  #set(info: SegmentInfo): void {
    this.#note(info)
    this.#index.setSegment(info)
  }

  #note(info: SegmentInfo): void {
    this.#segments.set(info.segment, info)
    this.#last = Math.max(this.#last, info.segment)
    if (info.closed) this.#unclosed.delete(info.segment)
    else this.#unclosed.add(info.segment)
  }
}

function endOf({ segment, endBytes }: SegmentInfo): SegmentEnd {
  return { segment, bytes: endBytes }
}

function entryOf(state: ShardState): ShardEntry | undefined {
  const put = state.puts[0]
  if (put === undefined) return undefined
  return {
    id: idOf(put.key),
    lengthBytes: put.payloadLength,
    sha256: put.sha256,
    // Both came from a record's header or a put, where they were ids.
    bucket: put.bucket as Id,
    order: { lineage: put.lineage as Id, sequence: put.sequence },
    trashed: state.trashed,
  }
}

/** Facts come in order of key, so those of one key stand together. */
function* groupByKey(facts: readonly Fact[]): Generator<readonly Fact[]> {
  let group: Fact[] = []
  for (const fact of facts) {
    if (group.length > 0 && group[0]?.key !== fact.key) {
      yield group
      group = []
    }
    group.push(fact)
  }
  if (group.length > 0) yield group
}
