/**
 * The simulator's catalog: SQLite in memory on the same thread, with group commits whose sync the simulation grants when it likes.
 *
 * A group runs when its sync is granted, because nobody may see anything of it before. So a crash leaves the last group that was
 * granted; the one whose sync was under way is there or not, by the seed. A catalog that has crashed answers nobody; the next one
 * opens on the same disk.
 */
import { HoldfastError } from '@holdfast/core/wire/errors.ts'
import type { Catalog } from '@holdfast/server/catalog/catalog.ts'
import { SqliteEngine } from '@holdfast/server/catalog/sqlite-engine.ts'
import { commitGroup, GROUP_MAX, type Outcome, type Start } from '@holdfast/server/catalog/sqlite-group.ts'
import type { Transaction } from '@holdfast/server/catalog/transaction.ts'
import type { Random } from '@holdfast/server/seams/random.ts'

export interface SimulatedCatalogOptions {
  /** What survives a crash. */
  readonly disk: SimulatedCatalogDisk
  /** Resolves when the simulation lets a sync or a scan end. */
  readonly grant: (what: 'sync' | 'scan') => Promise<void>
  readonly random: Random
  /** Answers before the sync, as `synchronous = NORMAL` would: for the control that must lose data. */
  readonly answersEarly?: boolean
}

interface Waiting {
  readonly start: Start
  readonly settle: (outcome: Outcome) => void
}

export class SimulatedCatalogDisk implements Disposable {
  readonly engine: SqliteEngine

  constructor() {
    this.engine = SqliteEngine.open(':memory:')
  }

  [Symbol.dispose](): void {
    this.engine[Symbol.dispose]()
  }
}

export class SimulatedCatalog implements Catalog {
  readonly #engine: SqliteEngine
  readonly #grant: (what: 'sync' | 'scan') => Promise<void>
  readonly #random: Random
  readonly #answersEarly: boolean
  readonly #queue: Waiting[] = []
  readonly #scans = new Set<Promise<unknown>>()
  /** What a crash does to the group whose sync is under way, should it leave its traces or not. */
  #underSync: { readonly keep: () => void; readonly lose: () => void } | undefined
  #turn: Promise<void> | undefined
  #state: 'open' | 'closing' | 'crashed' = 'open'

  private constructor(options: SimulatedCatalogOptions) {
    this.#engine = options.disk.engine
    this.#grant = options.grant
    this.#random = options.random
    this.#answersEarly = options.answersEarly ?? false
  }

  /** @throws format_unknown */
  static open(options: SimulatedCatalogOptions): SimulatedCatalog {
    options.disk.engine.migrate()
    return new SimulatedCatalog(options)
  }

  write<Args, Result>(transaction: Transaction<Args, Result>, args: Args): Promise<Result> {
    if (this.#state === 'crashed') return never()
    if (this.#state === 'closing') return Promise.reject(closedError())
    return new Promise((resolve, reject) => {
      const settle = (outcome: Outcome): void => {
        if ('thrown' in outcome) reject(outcome.thrown)
        // What this very transaction returned, as the caller of a worker thread would get it: a copy.
        else resolve(structuredClone(outcome.value) as Result)
      }
      const copy = structuredClone(args)
      this.#queue.push({ start: () => transaction.run(copy), settle })
      this.#turn ??= this.#commitQueued()
    })
  }

  read<Args, Result>(transaction: Transaction<Args, Result>, args: Args): Result | Promise<Result> {
    return this.#state === 'crashed' ? never() : this.look(transaction, args)
  }

  /** What is committed now, for whoever watches. */
  look<Args, Result>(transaction: Transaction<Args, Result>, args: Args): Result {
    this.#engine.query('PRAGMA query_only = 1')
    try {
      return this.#engine.read(transaction.run(args))
    } finally {
      this.#engine.query('PRAGMA query_only = 0')
    }
  }

  async scan<Args, Result>(transaction: Transaction<Args, Result>, args: Args): Promise<Result> {
    const granted = this.#grant('scan')
    this.#scans.add(granted)
    await granted
    this.#scans.delete(granted)
    return this.#state === 'crashed' ? never() : this.look(transaction, args)
  }

  /** From here on this catalog answers nobody. */
  crash(): void {
    this.#state = 'crashed'
    if (this.#random.float() < 0.5) this.#underSync?.keep()
    else this.#underSync?.lose()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#state === 'crashed') return
    this.#state = 'closing'
    await this.#turn
    await Promise.all(this.#scans)
  }

  async #commitQueued(): Promise<void> {
    // What else this turn of the event loop asks joins the group, as it does in the batch to a worker thread.
    await Promise.resolve()
    while (this.#queue.length > 0 && this.#state !== 'crashed') {
      const group = this.#queue.splice(0, GROUP_MAX)
      if (this.#answersEarly) await this.#commitEarly(group)
      else await this.#commit(group)
    }
    this.#turn = undefined
  }

  async #commit(group: readonly Waiting[]): Promise<void> {
    this.#underSync = { keep: () => this.#run(group), lose: () => {} }
    await this.#grant('sync')
    this.#underSync = undefined
    if (this.#state === 'crashed') return
    const outcomes = this.#run(group)
    for (const [index, outcome] of outcomes.entries()) group[index]?.settle(outcome)
  }

  async #commitEarly(group: readonly Waiting[]): Promise<void> {
    const before = this.#engine.serialize()
    this.#underSync = { keep: () => {}, lose: () => this.#engine.deserialize(before) }
    const outcomes = this.#run(group)
    for (const [index, outcome] of outcomes.entries()) group[index]?.settle(outcome)
    await this.#grant('sync')
    this.#underSync = undefined
  }

  #run(group: readonly Waiting[]): Outcome[] {
    const starts = group.map(({ start }) => start)
    return commitGroup(this.#engine, starts)
  }
}

function closedError(): HoldfastError {
  return new HoldfastError('shutting_down', 'the catalog is being closed')
}

function never(): Promise<never> {
  return new Promise(() => {})
}
