/** Shards in memory, for the simulator and for tests: the rules of a disk without a disk. Nothing survives it. */
import { HoldfastError } from '@holdfast/core/wire/errors.ts'
import type { Id } from '@holdfast/core/wire/ids.ts'
import { type Fact, stateOf } from './facts.ts'
import { NEVER_STARTED } from './identity.ts'
import { MemoryIndex } from './memory-index.ts'
import { holdsRange, orderedDeeds, refuseClosedPut, refuseLatePut, refuseLineage, refuseRange } from './order-rules.ts'
import { payloadOf } from './record-buffer.ts'
import { type ShardKey, shardKey } from './shard-key.ts'
import type { ByteRange, NodeReport, Order, Receipt, ShardEntry, ShardId, ShardPut, ShardStore } from './shard-store.ts'
import { ShardTable } from './shard-table.ts'

export interface MemoryStoreOptions {
  readonly node: Id
  readonly disk: Id
  readonly lineage: Id
  readonly capacityBytes: number
}

export class MemoryStore implements ShardStore {
  readonly #options: MemoryStoreOptions
  readonly #table = new ShardTable(new MemoryIndex())
  readonly #bytes = new Map<ShardKey, Uint8Array>()
  #usedBytes = 0
  #closedBelow = 0
  /** Stands for the place of a record: each fact has its own. */
  #facts = 0

  constructor(options: MemoryStoreOptions) {
    this.#options = options
  }

  async put(put: ShardPut): Promise<Receipt> {
    const { id, order, sha256, bucket, record } = put
    const { payloadLength } = record
    refuseLineage(order, this.#options.lineage)
    refuseClosedPut(order, this.#closedBelow)
    const state = this.#table.state(id)
    refuseLatePut(state, put)
    const known = state.puts[0]
    if (known !== undefined && known.sequence >= order.sequence) return { sha256 }
    if (this.#usedBytes + payloadLength > this.#options.capacityBytes)
      throw new HoldfastError('disk_full', 'the memory is full')
    const key = shardKey(id)
    this.#keep(key, payloadOf(record).slice())
    this.#table.add({ what: 'put', key, ...order, ...this.#place(), payloadLength, sha256, bucket })
    return { sha256 }
  }

  async get(id: ShardId, range?: ByteRange): Promise<Uint8Array> {
    const bytes = this.#bytes.get(shardKey(id))
    if (bytes === undefined) throw new HoldfastError('shard_not_found', 'the shard is not in this memory')
    if (range === undefined) return bytes.slice()
    refuseRange(bytes.length, range)
    return bytes.slice(range.offset, range.offset + range.length)
  }

  async getAsIs(id: ShardId, range: ByteRange): Promise<Uint8Array> {
    return await this.get(id, range)
  }

  getNow(id: ShardId, range: ByteRange): Uint8Array | undefined {
    const bytes = this.#bytes.get(shardKey(id))
    if (bytes === undefined || !holdsRange(bytes.length, range)) return undefined
    return bytes.slice(range.offset, range.offset + range.length)
  }

  async delete(ids: readonly ShardId[], order: Order): Promise<void> {
    this.#undo('delete', ids, order)
  }

  async purge(ids: readonly ShardId[], order: Order): Promise<void> {
    this.#undo('purge', ids, order)
  }

  async closePuts(below: Order): Promise<void> {
    refuseLineage(below, this.#options.lineage)
    this.#closedBelow = Math.max(this.#closedBelow, below.sequence)
  }

  async list({ after, limit }: { after?: ShardId; limit: number }): Promise<ShardEntry[]> {
    return await this.#table.list(after, limit, () => Promise.resolve())
  }

  async report(): Promise<NodeReport> {
    const { node, disk, capacityBytes } = this.#options
    const freeBytes = Math.max(0, capacityBytes - this.#usedBytes)
    return {
      node,
      disk,
      starts: 1,
      start: NEVER_STARTED,
      segmentEnds: [],
      settledBelow: 1,
      closedBelow: this.#closedBelow,
      capacityBytes,
      freeBytes,
      readErrors: 0,
      state: freeBytes > 0 ? 'online' : 'full',
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#bytes.clear()
  }

  #undo(deed: 'delete' | 'purge', ids: readonly ShardId[], order: Order): void {
    refuseLineage(order, this.#options.lineage)
    const keys = [...new Set(ids.map(shardKey))]
    for (const key of orderedDeeds(deed, keys, order, (each) => this.#table.stateOfKey(each))) {
      const fact: Fact = { what: deed, key, ...order, ...this.#place() }
      this.#table.add(fact)
      if (stateOf(this.#table.facts(key)).puts.length === 0) this.#drop(key)
    }
  }

  #keep(key: ShardKey, bytes: Uint8Array): void {
    this.#drop(key)
    this.#bytes.set(key, bytes)
    this.#usedBytes += bytes.length
  }

  #drop(key: ShardKey): void {
    this.#usedBytes -= this.#bytes.get(key)?.length ?? 0
    this.#bytes.delete(key)
  }

  #place(): { segment: number; offset: number } {
    return { segment: 1, offset: this.#facts++ }
  }
}
