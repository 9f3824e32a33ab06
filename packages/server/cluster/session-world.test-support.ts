/** A catalog in memory behind its seam, nodes in memory whose faults a test commands, and the sessions of one gateway. */
import { assert } from '@holdfast/core/wire/assert.ts'
import { asId } from '@holdfast/core/wire/ids.ts'
import type { Catalog } from '../catalog/catalog.ts'
import { TestCatalog } from '../catalog/test-catalog.test-support.ts'
import { ManualClock } from '../seams/manual-clock.test-support.ts'
import { FaultyStore } from '../storage/faulty-store.ts'
import { MemoryStore } from '../storage/memory-store.ts'
import { Nodes } from './nodes.ts'
import { Reaper } from './reaper.ts'
import { Sessions } from './sessions.ts'
import { TimelyStore } from './timely-store.ts'

export const LINEAGE = asId('0a'.repeat(16))

/** Of a machine that can sleep: then people's time goes on, and no timer fires. */
export class SleepyClock extends ManualClock {
  #sleptMs = 0

  override now(): number {
    return super.now() + this.#sleptMs
  }

  sleep(forMs: number): void {
    this.#sleptMs += forMs
  }
}

export class SessionWorld implements Disposable {
  readonly clock = new SleepyClock()
  readonly rows = new TestCatalog()
  readonly catalog: Catalog = {
    write: async (transaction, args) => this.rows.run(transaction, args),
    read: async (transaction, args) => this.rows.run(transaction, args),
    scan: async (transaction, args) => this.rows.run(transaction, args),
    async [Symbol.asyncDispose]() {},
  }
  readonly #stores: readonly { readonly faulty: FaultyStore; readonly timely: TimelyStore }[]
  readonly nodes = new Nodes({ link: (number) => this.#store(number).timely }, () => {})

  constructor(count = 3) {
    const { ids } = this.rows
    this.#stores = Array.from({ length: count }, (_, number) => {
      const who = { node: ids.next(), disk: ids.next() }
      const faulty = new FaultyStore(new MemoryStore({ ...who, lineage: LINEAGE, capacityBytes: 1e9 }))
      const at = { name: `drive-${number}`, zone: `zone-${number}`, region: 'here', weight: 1 }
      const space = { capacityBytes: 1e9, freeBytes: 1e9 }
      this.nodes.add({ ...at, ...space, number, id: who.node, state: 'online', writable: true })
      return { faulty, timely: new TimelyStore(faulty, this.clock) }
    })
  }

  faulty(number: number): FaultyStore {
    return this.#store(number).faulty
  }

  openSessions(): Promise<Sessions> {
    return Sessions.open(this.catalog, this.clock, this.rows.ids, this.rows.gateway)
  }

  reaperOf(sessions: Sessions): Reaper {
    return new Reaper(this.catalog, this.nodes, sessions, this.clock, LINEAGE)
  }

  [Symbol.dispose](): void {
    this.rows[Symbol.dispose]()
  }

  #store(number: number): { readonly faulty: FaultyStore; readonly timely: TimelyStore } {
    const store = this.#stores[number]
    assert(store !== undefined, 'a node of this world')
    return store
  }
}
