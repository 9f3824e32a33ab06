/**
 * Lets no more bytes per second through a store than it is told. Each call takes its turn behind the ones before it, so the
 * rate holds whatever comes at once; deletes, lists and reports are small and are not held up.
 */
import { type Clock, sleep } from '../seams/clock.ts'
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

export class ThrottledStore implements ShardStore {
  readonly #inner: ShardStore
  readonly #clock: Clock
  readonly #bytesPerSecond: number
  /** When the bytes that were let in so far will have been due. */
  #busyUntilMs = 0

  constructor(inner: ShardStore, clock: Clock, limits: { bytesPerSecond: number }) {
    this.#inner = inner
    this.#clock = clock
    this.#bytesPerSecond = limits.bytesPerSecond
  }

  async put(put: ShardPut): Promise<Receipt> {
    await this.#turn(put.record.payloadLength)
    return await this.#inner.put(put)
  }

  async get(id: ShardId, range?: ByteRange): Promise<Uint8Array> {
    if (range !== undefined) await this.#turn(range.length)
    const bytes = await this.#inner.get(id, range)
    if (range === undefined) await this.#turn(bytes.length)
    return bytes
  }

  async getAsIs(id: ShardId, range: ByteRange, memory?: Uint8Array): Promise<Uint8Array> {
    await this.#turn(range.length)
    return await this.#inner.getAsIs(id, range, memory)
  }

  getNow(id: ShardId, range: ByteRange): Uint8Array | undefined {
    if (this.#busyUntilMs > this.#clock.monotonicMs()) return undefined
    const bytes = this.#inner.getNow(id, range)
    if (bytes !== undefined) this.#take(bytes.length)
    return bytes
  }

  async delete(ids: readonly ShardId[], order: Order): Promise<void> {
    await this.#inner.delete(ids, order)
  }

  async purge(ids: readonly ShardId[], order: Order): Promise<void> {
    await this.#inner.purge(ids, order)
  }

  async closePuts(below: Order): Promise<void> {
    await this.#inner.closePuts(below)
  }

  async list(options: { after?: ShardId; limit: number }): Promise<ShardEntry[]> {
    return await this.#inner.list(options)
  }

  async report(options?: ReportOptions): Promise<NodeReport> {
    return await this.#inner.report(options)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#inner[Symbol.asyncDispose]()
  }

  async #turn(bytes: number): Promise<void> {
    const waitMs = this.#take(bytes)
    if (waitMs > 0) await sleep(this.#clock, waitMs)
  }

  /** Books bytes and answers how long they must wait for those before them. */
  #take(bytes: number): number {
    const nowMs = this.#clock.monotonicMs()
    const startMs = Math.max(nowMs, this.#busyUntilMs)
    this.#busyUntilMs = startMs + (bytes / this.#bytesPerSecond) * 1000
    return startMs - nowMs
  }
}
