/**
 * What the records on a disk say of a shard, as a set of facts, and what follows from them. A fact is never changed: a put,
 * a delete and a purge each add one, compaction adds the copy's and takes away the old record's. What a shard is now follows
 * from the set alone, in whatever order its facts were found, so that a rebuilt index equals the one that was lost.
 */
import type { Sha256 } from '@holdfast/core/wire/ids.ts'
import { recordLengthOf } from './record.ts'
import type { ShardKey } from './shard-key.ts'

/** `delete` moves a shard to the trash, `restore` out of it, `purge` ends it; `quarantine` moved a damaged record aside. */
export type Deed = 'delete' | 'purge' | 'restore' | 'quarantine'

interface FactBase {
  readonly key: ShardKey
  readonly segment: number
  readonly offset: number
  readonly lineage: string
  readonly sequence: number
}

export interface PutFact extends FactBase {
  readonly what: 'put'
  readonly payloadLength: number
  readonly sha256: Sha256
  readonly bucket: string
}

export interface DeedFact extends FactBase {
  readonly what: Deed
}

export type Fact = PutFact | DeedFact

export interface ShardState {
  /** The records that hold the shard, the newest first; none where it never was here or its last record was ended. */
  readonly puts: readonly PutFact[]
  readonly trashed: boolean
  /** The highest sequence of a deed that is known; -1 where there is none. */
  readonly undoneAt: number
}

const NOTHING: ShardState = { puts: [], trashed: false, undoneAt: -1 }

export function stateOf(facts: readonly Fact[]): ShardState {
  const [only] = facts
  if (only === undefined) return NOTHING
  if (facts.length === 1 && only.what === 'put') return { puts: [only], trashed: false, undoneAt: -1 }
  const puts = facts.filter((fact): fact is PutFact => fact.what === 'put' && !isEnded(fact, facts))
  puts.sort((a, b) => b.sequence - a.sequence || b.segment - a.segment || b.offset - a.offset)
  const newest = puts[0]
  return {
    puts,
    trashed: newest !== undefined && isTrashed(newest, facts),
    undoneAt: facts.reduce((last, fact) => (fact.what === 'put' ? last : Math.max(last, fact.sequence)), -1),
  }
}

/** True where a deed among `facts` ended what `put` stored, so that its space is dead. */
export function isEnded(put: PutFact, facts: readonly Fact[]): boolean {
  return facts.some((fact) => (fact.what === 'purge' || fact.what === 'quarantine') && hides(fact, put))
}

/** A deed hides a record only if it came later in the same lineage. */
export function hides(deed: Fact, put: PutFact): boolean {
  return deed.what !== 'put' && deed.lineage === put.lineage && deed.sequence > put.sequence
}

export function isSameFact(a: Fact, b: Fact): boolean {
  return a.segment === b.segment && a.offset === b.offset && a.what === b.what && a.key === b.key
}

export function recordBytesOf(put: PutFact): number {
  return recordLengthOf(put.payloadLength)
}

function isTrashed(put: PutFact, facts: readonly Fact[]): boolean {
  let last: Fact | undefined
  for (const fact of facts) {
    const moves = fact.what === 'delete' || fact.what === 'restore'
    if (moves && hides(fact, put) && fact.sequence > (last?.sequence ?? -1)) last = fact
  }
  return last?.what === 'delete'
}
