/**
 * Keeps a hung disk from holding up whoever looks after it: a report, a list or an order fails where no answer comes in time. The
 * call itself goes on, for nobody can take it back; until it ends the node is asked nothing more of this kind, so that one
 * thread at most waits for the disk, and its reports say that it is not there.
 *
 * Puts and reads pass. A put holds on to its caller's memory, so that only its caller can tell what giving it up means; a reader asks
 * other nodes meanwhile.
 */
import { HoldfastError } from '@holdfast/core/wire/errors.ts'
import { type Clock, within } from '../seams/clock.ts'
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
} from '../storage/shard-store.ts'

const REPORT_MS_MAX = 5_000
const CALL_MS_MAX = 30_000

export class TimelyStore implements ShardStore {
  readonly #inner: ShardStore
  readonly #clock: Clock
  /** Of every call that has not come to its end, when it should have. */
  readonly #dueMs = new Map<symbol, number>()

  constructor(inner: ShardStore, clock: Clock) {
    this.#inner = inner
    this.#clock = clock
  }

  put(put: ShardPut): Promise<Receipt> {
    return this.#inner.put(put)
  }

  get(id: ShardId, range?: ByteRange): Promise<Uint8Array> {
    return this.#inner.get(id, range)
  }

  getAsIs(id: ShardId, range: ByteRange, memory?: Uint8Array): Promise<Uint8Array> {
    return this.#inner.getAsIs(id, range, memory)
  }

  getNow(id: ShardId, range: ByteRange): Uint8Array | undefined {
    return this.#inner.getNow(id, range)
  }

  async delete(ids: readonly ShardId[], order: Order): Promise<void> {
    await this.#inTime(CALL_MS_MAX, () => this.#inner.delete(ids, order))
  }

  async purge(ids: readonly ShardId[], order: Order): Promise<void> {
    await this.#inTime(CALL_MS_MAX, () => this.#inner.purge(ids, order))
  }

  async closePuts(below: Order): Promise<void> {
    await this.#inTime(CALL_MS_MAX, () => this.#inner.closePuts(below))
  }

  async list(options: { after?: ShardId; limit: number }): Promise<ShardEntry[]> {
    return await this.#inTime(CALL_MS_MAX, () => this.#inner.list(options))
  }

  async report(options?: ReportOptions): Promise<NodeReport> {
    return await this.#inTime(REPORT_MS_MAX, () => this.#inner.report(options))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#inner[Symbol.asyncDispose]()
  }

  async #inTime<Answer>(limitMs: number, act: () => Promise<Answer>): Promise<Answer> {
    const nowMs = this.#clock.monotonicMs()
    if ([...this.#dueMs.values()].some((dueMs) => dueMs <= nowMs)) {
      throw new HoldfastError('node_unavailable', 'the disk still owes an earlier answer')
    }
    const call = Symbol()
    this.#dueMs.set(call, nowMs + limitMs)
    const answer = act().finally(() => this.#dueMs.delete(call))
    return await within(this.#clock, limitMs, answer)
  }
}
