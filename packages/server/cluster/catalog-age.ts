/**
 * Whether the catalog is the newest that the nodes have heard. One that was put back from a backup is *behind*: it does not know what was
 * stored since, gives numbers a second time that its nodes refuse, and would in time purge as debris what it does not name. So it is
 * read, and neither written nor heard by a node, until the newer one is back. Only what its drives say of themselves as they start is noted.
 *
 * What tells is the number below which a node takes no puts (`closePuts`). A catalog orders only a number that it has reached, and each
 * start orders one that no start had before: so whatever stands in a backup, the start after it has told the nodes a higher one.
 */
import { HoldfastError } from '@holdfast/core/wire/errors.ts'
import type { Id } from '@holdfast/core/wire/ids.ts'
import type { Catalog } from '../catalog/catalog.ts'
import type { Transaction } from '../catalog/transaction.ts'
import { closeSessions } from '../catalog/transactions/dead-sessions.ts'
import type { Clock } from '../seams/clock.ts'
import type { Nodes } from './nodes.ts'

export class CatalogAge {
  readonly #sequence: number
  #behind: HoldfastError | undefined

  /** `sequence`: the catalog's, as this process found it. */
  constructor(sequence: number) {
    this.#sequence = sequence
  }

  /** Takes what a node has closed before this process spoke to it; answers what there is to say, once. */
  note(node: string, closedBelow: number): string | undefined {
    if (this.#behind !== undefined || closedBelow <= this.#sequence) return undefined
    this.#behind = new HoldfastError(
      'recovering',
      `the catalog is older than the drives: ${node} has heard number ${closedBelow} from a newer one, and this one came to ` +
        `${this.#sequence}. Files are read and nothing is changed. Stop, put the newer directory catalog back, and start again`,
      { details: { sequence: this.#sequence, newer: closedBelow } },
    )
    return this.#behind.message
  }

  get isBehind(): boolean {
    return this.#behind !== undefined
  }

  /** @throws recovering */
  assertCurrent(): void {
    if (this.#behind !== undefined) throw this.#behind
  }
}

/** A catalog that is not written while it is behind. */
export class CurrentCatalog implements Catalog {
  readonly #inner: Catalog
  readonly #age: CatalogAge

  constructor(inner: Catalog, age: CatalogAge) {
    this.#inner = inner
    this.#age = age
  }

  async write<Args, Result>(transaction: Transaction<Args, Result>, args: Args): Promise<Result> {
    this.#age.assertCurrent()
    return await this.#inner.write(transaction, args)
  }

  read<Args, Result>(transaction: Transaction<Args, Result>, args: Args): Result | Promise<Result> {
    return this.#inner.read(transaction, args)
  }

  scan<Args, Result>(transaction: Transaction<Args, Result>, args: Args): Promise<Result> {
    return this.#inner.scan(transaction, args)
  }

  [Symbol.asyncDispose](): PromiseLike<void> {
    return this.#inner[Symbol.asyncDispose]()
  }
}

/**
 * Tells every node the number of this start, so that an older catalog is known by it; returns when one of them keeps it, or none can.
 * To be called once the sessions of earlier starts have ended, and a new one is open.
 */
export async function tellNodes(catalog: Catalog, nodes: Nodes, clock: Clock, lineage: Id): Promise<void> {
  const sequence = await catalog.write(closeSessions, { nowMs: clock.now() })
  const told = nodes.all().map(async ({ number }) => await nodes.store(number).closePuts({ lineage, sequence }))
  // A node that is away is told when it is compared.
  await Promise.any(told).catch(() => {})
}
