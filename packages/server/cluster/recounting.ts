/**
 * Counts the references of the whole catalog again, a little at each turn, and raises an alarm on every difference: collection relies on
 * these counts, and one that is wrong is a bug. The place where it stands is kept in memory, so that a start begins anew.
 *
 * It reads on the connection of the long reads, never on the writer's, and a call is short enough for those who wait behind it.
 */
import type { Catalog } from '../catalog/catalog.ts'
import { type Difference, type RecountPosition, type RecountResult, recount } from '../catalog/transactions/recount.ts'
import type { Tally } from './tally.ts'

/**
 * Rows of one call, so that it takes well under 50 ms: a page brings a thousand entries along, and a version up to as many pages. Most
 * have none.
 */
const ROWS_AT_ONCE: Record<RecountPosition['pass'], number> = { chunks: 1000, pages: 2, versions: 100 }
const CALLS_PER_TURN = 10
/** Of one call; how many there are is said with them. */
const DIFFERENCES_TOLD_MAX = 20

/** Told of what must never be. */
export type Alarm = (sentence: string, details: Readonly<Record<string, unknown>>) => void

export class Recounting {
  readonly #catalog: Pick<Catalog, 'scan'>
  readonly #tally: Tally
  readonly #alarm: Alarm
  #after: RecountPosition | null = null

  constructor(catalog: Pick<Catalog, 'scan'>, tally: Tally, alarm: Alarm) {
    this.#catalog = catalog
    this.#tally = tally
    this.#alarm = alarm
  }

  /** Goes on where the last turn ended, and no further than the end of the catalog. */
  async turn(): Promise<void> {
    for (let call = 0; call < CALLS_PER_TURN; call++) {
      const limit = ROWS_AT_ONCE[this.#after?.pass ?? 'chunks']
      const counted: RecountResult = await this.#catalog.scan(recount, { after: this.#after, limit })
      this.#after = counted.next
      const { rows, differences } = counted
      this.#tally.noteRecount({ rows, passes: counted.next === null ? 1 : 0, differences: differences.length })
      if (differences.length > 0) this.#raise(differences)
      if (counted.next === null) return
    }
  }

  #raise(differences: readonly Difference[]): void {
    this.#alarm('the catalog counts other references than there are: a bug that collection could lose data by', {
      count: differences.length,
      differences: differences.slice(0, DIFFERENCES_TOLD_MAX),
    })
  }
}
