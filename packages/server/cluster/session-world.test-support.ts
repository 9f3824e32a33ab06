/** A catalog in memory behind its seam, nodes in memory whose faults a test commands, and the sessions of one gateway. */
import { assert } from '@holdfast/core/wire/assert.ts'
import { asId } from '@holdfast/core/wire/ids.ts'
import type { Catalog } from '../catalog/catalog.ts'
import { TestCatalog } from '../catalog/test-catalog.test-support.ts'
import { nodeStarted } from '../catalog/transactions/node-started.ts'
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
  readonly #stores = new Map<number, { readonly faulty: FaultyStore; readonly timely: TimelyStore }>()
  readonly nodes = new Nodes({ link: (number) => this.#store(number).timely }, () => {})

  constructor(count = 3) {
    const { ids } = this.rows
    for (let drive = 1; drive <= count; drive++) {
      const who = { node: ids.next(), disk: ids.next() }
      const at = { name: `drive-${drive}`, zone: `zone-${drive}`, capacityBytes: 1e9, freeBytes: 1e9 }
      const start = { starts: 1, start: ids.next(), segmentEnds: [], nowMs: 1 }
      const { number } = this.rows.run(nodeStarted, { ...who, ...at, ...start })
      const faulty = new FaultyStore(new MemoryStore({ ...who, lineage: LINEAGE, capacityBytes: 1e9 }))
      this.#stores.set(number, { faulty, timely: new TimelyStore(faulty, this.clock) })
      this.nodes.add({ ...at, number, id: who.node, region: 'here', weight: 1, state: 'online', writable: true })
    }
  }

  faulty(number: number): FaultyStore {
    return this.#store(number).faulty
  }

  openSessions(): Promise<Sessions> {
    return Sessions.open(this.catalog, this.clock, this.rows.ids, this.rows.gateway)
  }

  reaperOf(sessions: Sessions, deadSessionsMax?: number): Reaper {
    return new Reaper(this.catalog, this.nodes, sessions, this.clock, LINEAGE, deadSessionsMax)
  }

  [Symbol.dispose](): void {
    this.rows[Symbol.dispose]()
  }

  #store(number: number): { readonly faulty: FaultyStore; readonly timely: TimelyStore } {
    const store = this.#stores.get(number)
    assert(store !== undefined, 'a node of this world')
    return store
  }
}
