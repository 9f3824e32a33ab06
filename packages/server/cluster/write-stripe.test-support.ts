/** Writers of stripes over nodes whose faults a test commands. */
import assert from 'node:assert/strict'
import { asId, asStripeId, IdMaker, type StripeId } from '@holdfast/core/wire/ids.ts'
import { ManualClock } from '../seams/manual-clock.test-support.ts'
import { systemRandom } from '../seams/random.ts'
import { FaultyStore } from '../storage/faulty-store.ts'
import { MemoryStore } from '../storage/memory-store.ts'
import { recordBufferOf, sha256Of } from '../storage/record-buffer.ts'
import type { ShardStore } from '../storage/shard-store.ts'
import { Nodes } from './nodes.ts'
import { StripeWriter, type WrittenStripe } from './write-stripe.ts'

export const lineage = asId('0a'.repeat(16))

export function stripeOf(number: number): StripeId {
  return asStripeId(`${'0b'.repeat(14)}${number.toString(16).padStart(4, '0')}`)
}

export class World {
  readonly clock = new ManualClock()
  readonly stores: FaultyStore[] = []
  readonly nodes: Nodes
  readonly writer: StripeWriter

  constructor(count: number, disks: readonly ShardStore[] = []) {
    this.nodes = new Nodes({ link: (number) => this.store(number) }, () => {})
    const ids = new IdMaker(
      () => 1,
      (length) => systemRandom.bytes(length),
    )
    for (let number = 0; number < count; number++) {
      const memory = new MemoryStore({ node: ids.next(), disk: ids.next(), lineage, capacityBytes: 1e6 })
      this.stores.push(new FaultyStore(disks[number] ?? memory))
      const space = { capacityBytes: 1e6, freeBytes: 1e6 }
      const who = { number, id: ids.next(), name: `n${number}`, zone: `z${number}`, region: 'here', weight: 1 }
      this.nodes.add({ ...who, ...space, state: 'online', writable: true })
    }
    this.writer = new StripeWriter(this.nodes, this.clock, systemRandom)
  }

  store(number: number): FaultyStore {
    const store = this.stores[number]
    assert.ok(store !== undefined)
    return store
  }

  write({ number = 1, memoryBytes = 100, dataShards = 3, parityShards = 2 } = {}): Promise<WrittenStripe> {
    const payloads = Array.from({ length: dataShards + parityShards }, (_, index) => new Uint8Array(100).fill(index))
    return this.writer.write({
      stripe: stripeOf(number),
      bucket: asId('0c'.repeat(16)),
      shape: { dataShards, parityShards },
      writeQuorum: dataShards + 1,
      order: { lineage, sequence: 5 },
      sealed: { shardBytes: 100, places: [], hashes: payloads.map(sha256Of), records: payloads.map(recordBufferOf) },
      memoryBytes,
    })
  }

  /** A node whose puts wait until they are let go. */
  hang(number: number): () => void {
    let go = (): void => {}
    const wait = new Promise<void>((resolve) => {
      go = resolve
    })
    this.store(number).inject({ on: 'put', wait: () => wait })
    return go
  }
}

export async function turns(): Promise<void> {
  for (let i = 0; i < 50; i++) await Promise.resolve()
}
