/** Counts what is asked of a store and how it ends, for metrics and for tests that ask how often something was done. */
import { HoldfastError } from '@holdfast/core/wire/errors.ts'
import type {
  ByteRange,
  NodeReport,
  Order,
  Receipt,
  ReportOptions,
  ShardEntry,
  ShardId,
  ShardPut,
  ShardStore,
} from './shard-store.ts'

export type StoreCall = 'put' | 'get' | 'getAsIs' | 'getNow' | 'delete' | 'purge' | 'closePuts' | 'list' | 'report'

export class CountedStore implements ShardStore {
  readonly #inner: ShardStore
  /** Calls by name and outcome: `put done`, `get shard_corrupt`, `getNow later`. */
  readonly counts = new Map<string, number>()
  bytesPut = 0
  bytesGot = 0

  constructor(inner: ShardStore) {
    this.#inner = inner
  }

  count(call: StoreCall, outcome: string): number {
    return this.counts.get(`${call} ${outcome}`) ?? 0
  }

  async put(put: ShardPut): Promise<Receipt> {
    const receipt = await this.#counted('put', () => this.#inner.put(put))
    this.bytesPut += put.record.payloadLength
    return receipt
  }

  async get(id: ShardId, range?: ByteRange): Promise<Uint8Array> {
    const bytes = await this.#counted('get', () => this.#inner.get(id, range))
    this.bytesGot += bytes.length
    return bytes
  }

  async getAsIs(id: ShardId, range: ByteRange, memory?: Uint8Array): Promise<Uint8Array> {
    const bytes = await this.#counted('getAsIs', () => this.#inner.getAsIs(id, range, memory))
    this.bytesGot += bytes.length
    return bytes
  }

  getNow(id: ShardId, range: ByteRange): Uint8Array | undefined {
    const bytes = this.#inner.getNow(id, range)
    this.#add('getNow', bytes === undefined ? 'later' : 'done')
    this.bytesGot += bytes?.length ?? 0
    return bytes
  }

  async delete(ids: readonly ShardId[], order: Order): Promise<void> {
    await this.#counted('delete', () => this.#inner.delete(ids, order))
  }

  async purge(ids: readonly ShardId[], order: Order): Promise<void> {
    await this.#counted('purge', () => this.#inner.purge(ids, order))
  }

  async closePuts(below: Order): Promise<void> {
    await this.#counted('closePuts', () => this.#inner.closePuts(below))
  }

  async list(options: { after?: ShardId; limit: number }): Promise<ShardEntry[]> {
    return await this.#counted('list', () => this.#inner.list(options))
  }

  async report(options?: ReportOptions): Promise<NodeReport> {
    return await this.#counted('report', () => this.#inner.report(options))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#inner[Symbol.asyncDispose]()
  }

  async #counted<T>(call: StoreCall, act: () => Promise<T>): Promise<T> {
    try {
      const result = await act()
      this.#add(call, 'done')
      return result
    } catch (error) {
      this.#add(call, error instanceof HoldfastError ? error.code : 'bug')
      throw error
    }
  }

  #add(call: StoreCall, outcome: string): void {
    this.counts.set(`${call} ${outcome}`, this.count(call, outcome) + 1)
  }
}
