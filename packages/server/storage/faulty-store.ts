/**
 * A store that fails on command, for tests of what stands on it: an error instead of an answer, a wait before it, wrong bytes
 * in it, or the deed done and its answer lost.
 */
import { assert } from '@holdfast/core/wire/assert.ts'
import type { HoldfastError } from '@holdfast/core/wire/errors.ts'
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

export type FaultyCall = 'put' | 'get' | 'delete' | 'purge' | 'close' | 'list' | 'report'

export interface Fault {
  readonly on: FaultyCall
  /** How many calls it meets; without it, all until `heal`. */
  readonly times?: number
  /** Waits before the call goes on; a hung node waits for ever. */
  readonly wait?: () => Promise<void>
  /** Thrown instead of calling. */
  readonly error?: HoldfastError
  /** Thrown after the call was done: the answer is lost. */
  readonly lostAnswer?: HoldfastError
  /** Changes the bytes that a `get` answers. */
  readonly damage?: (bytes: Uint8Array) => Uint8Array
}

export class FaultyStore implements ShardStore {
  readonly #inner: ShardStore
  #faults: { readonly fault: Fault; left: number }[] = []
  /** How often a fault was met, by call: a test that injects faults shows that they fired. */
  readonly fired = new Map<FaultyCall, number>()

  constructor(inner: ShardStore) {
    this.#inner = inner
  }

  inject(fault: Fault): void {
    assert(fault.times === undefined || fault.times > 0, 'a fault is met at least once')
    this.#faults.push({ fault, left: fault.times ?? Number.POSITIVE_INFINITY })
  }

  heal(): void {
    this.#faults = []
  }

  async put(put: ShardPut): Promise<Receipt> {
    return await this.#meet('put', () => this.#inner.put(put))
  }

  async get(id: ShardId, range?: ByteRange): Promise<Uint8Array> {
    return await this.#meet(
      'get',
      () => this.#inner.get(id, range),
      (bytes, { damage }) => damage?.(bytes) ?? bytes,
    )
  }

  async getAsIs(id: ShardId, range: ByteRange, memory?: Uint8Array): Promise<Uint8Array> {
    return await this.#meet(
      'get',
      () => this.#inner.getAsIs(id, range, memory),
      (bytes, { damage }) => damage?.(bytes) ?? bytes,
    )
  }

  /** While reads shall fail, none is answered at once. */
  getNow(id: ShardId, range: ByteRange): Uint8Array | undefined {
    return this.#faults.some(({ fault }) => fault.on === 'get') ? undefined : this.#inner.getNow(id, range)
  }

  async delete(ids: readonly ShardId[], order: Order): Promise<void> {
    await this.#meet('delete', () => this.#inner.delete(ids, order))
  }

  async purge(ids: readonly ShardId[], order: Order): Promise<void> {
    await this.#meet('purge', () => this.#inner.purge(ids, order))
  }

  async closePuts(below: Order): Promise<void> {
    await this.#meet('close', () => this.#inner.closePuts(below))
  }

  async list(options: { after?: ShardId; limit: number }): Promise<ShardEntry[]> {
    return await this.#meet('list', () => this.#inner.list(options))
  }

  async report(options?: ReportOptions): Promise<NodeReport> {
    return await this.#meet('report', () => this.#inner.report(options))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#inner[Symbol.asyncDispose]()
  }

  async #meet<T>(call: FaultyCall, act: () => Promise<T>, change?: (result: T, fault: Fault) => T): Promise<T> {
    const fault = this.#next(call)
    if (fault === undefined) return await act()
    await fault.wait?.()
    if (fault.error !== undefined) throw fault.error
    const result = await act()
    if (fault.lostAnswer !== undefined) throw fault.lostAnswer
    return change === undefined ? result : change(result, fault)
  }

  #next(call: FaultyCall): Fault | undefined {
    const met = this.#faults.find(({ fault }) => fault.on === call)
    if (met === undefined) return undefined
    met.left--
    if (met.left === 0) this.#faults = this.#faults.filter((each) => each !== met)
    this.fired.set(call, (this.fired.get(call) ?? 0) + 1)
    return met.fault
  }
}
