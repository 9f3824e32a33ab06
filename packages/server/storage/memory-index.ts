/** The index in memory, for the simulator: a crash drops it, and opening reads the segments again. */
import type { Fact } from './facts.ts'
import { isSameFact } from './facts.ts'
import type { SegmentInfo, ShardIndex } from './shard-index.ts'
import type { ShardKey } from './shard-key.ts'

export class MemoryIndex implements ShardIndex {
  readonly #facts = new Map<ShardKey, Fact[]>()
  readonly #segments = new Map<number, SegmentInfo>()

  facts(key: ShardKey): readonly Fact[] {
    return this.#facts.get(key) ?? []
  }

  factsAfter(after: ShardKey | undefined, factsMax: number): readonly Fact[] {
    const keys = [...this.#facts.keys()].filter((key) => after === undefined || key > after).sort()
    const found: Fact[] = []
    for (const key of keys) {
      if (found.length >= factsMax) break
      found.push(...this.facts(key))
    }
    return found
  }

  add(fact: Fact): void {
    this.#facts.set(fact.key, [...this.facts(fact.key), fact])
  }

  remove(facts: readonly Fact[]): void {
    for (const gone of facts) {
      const left = this.facts(gone.key).filter((fact) => !isSameFact(fact, gone))
      if (left.length === 0) this.#facts.delete(gone.key)
      else this.#facts.set(gone.key, left)
    }
  }

  segments(): SegmentInfo[] {
    return [...this.#segments.values()]
  }

  setSegment(info: SegmentInfo): void {
    this.#segments.set(info.segment, info)
  }

  dropSegment(segment: number): void {
    this.#segments.delete(segment)
  }

  flush(): void {}

  async [Symbol.asyncDispose](): Promise<void> {}
}
