/** What a gateway has met since it started, in numbers that only grow: what its metrics print. */

/** Of one node. */
export interface NodeTally {
  /** Shards that a read found damaged, or not there, where they should be. */
  readonly damaged: number
  readonly missing: number
}

export interface RecountTally {
  readonly rows: number
  /** Counts of the whole catalog that came to their end. */
  readonly passes: number
  readonly differences: number
}

const NOTHING: NodeTally = { damaged: 0, missing: 0 }

export class Tally {
  readonly #nodes = new Map<number, NodeTally>()
  #recount: RecountTally = { rows: 0, passes: 0, differences: 0 }

  get recount(): RecountTally {
    return this.#recount
  }

  get shards(): NodeTally {
    const all = [...this.#nodes.values()]
    const sum = (of: keyof NodeTally): number => all.reduce((total, each) => total + each[of], 0)
    return { damaged: sum('damaged'), missing: sum('missing') }
  }

  ofNode(number: number): NodeTally {
    return this.#nodes.get(number) ?? NOTHING
  }

  noteDamage(node: number, state: 'damaged' | 'missing'): void {
    const before = this.ofNode(node)
    this.#nodes.set(node, { ...before, [state]: before[state] + 1 })
  }

  noteRecount({ rows, passes, differences }: RecountTally): void {
    const before = this.#recount
    this.#recount = {
      rows: before.rows + rows,
      passes: before.passes + passes,
      differences: before.differences + differences,
    }
  }
}
