/**
 * The shards of one disk, in segments. This is the face; behind it:
 *
 *     held disk    online, full, failed or absent
 *     table        what is where (an index, which is a cache)
 *     appender     records go into the open segment, one sync for all that wait
 *     reader       records come out, checked
 */
import { assert } from '@holdfast/core/wire/assert.ts'
import { HoldfastError } from '@holdfast/core/wire/errors.ts'
import { sleep, within } from '../seams/clock.ts'
import { systemCodeOf } from '../seams/disk.ts'
import { type Compacted, type CompactOptions, compactDisk } from './compact-disk.ts'
import { isSameFact, type PutFact } from './facts.ts'
import { HeldDisk, type HoldOptions } from './held-disk.ts'
import type { Mounted } from './mounted-disk.ts'
import { NearReads } from './near-reads.ts'
import { holdsRange, orderedDeeds, refuseClosedPut, refuseLatePut, refuseLineage, refuseRange } from './order-rules.ts'
import { KIND_SHARD, KIND_TOMBSTONE, recordLengthOf, SHARD_PAYLOAD_BYTES_MAX, writeHeader } from './record.ts'
import { recordBufferOf } from './record-buffer.ts'
import { IndexFailedError } from './shard-index.ts'
import { type ShardKey, shardKey } from './shard-key.ts'
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
import { encodeTombstone, TOMBSTONE_ENTRIES_MAX, tombstoneEntry } from './tombstone.ts'

const LIST_ENTRIES_MAX = 10_000
/** Whoever waits for a put gives up by then: well before it would itself be taken for a call that hangs, and the node for away. */
const PUTS_AWAITED_MS_MAX = 10_000

export class SegmentStore implements ShardStore {
  readonly #options: HoldOptions
  readonly #held: HeldDisk
  /** Puts under way: two of the same shard never race. */
  readonly #puts = new Map<ShardKey, Promise<unknown>>()
  /** The last compaction that was asked for: one runs at a time. */
  #compacting: Promise<unknown> = Promise.resolve()
  readonly #closing = new AbortController()
  readonly #nearReads = new NearReads()

  private constructor(options: HoldOptions, held: HeldDisk) {
    this.#options = options
    this.#held = held
  }

  /**
   * Opens the disk of a node; a new one is made with `makeIdentity` first.
   * @throws node_unavailable (no identity), disk_foreign, format_unknown, conflict (in use by another process), disk_full
   */
  static async open(options: HoldOptions): Promise<SegmentStore> {
    return new SegmentStore(options, await HeldDisk.open(options))
  }

  async put(put: ShardPut): Promise<Receipt> {
    const { bytes, payloadLength } = put.record
    assert(
      payloadLength <= SHARD_PAYLOAD_BYTES_MAX && bytes.length === recordLengthOf(payloadLength),
      'a record has its length',
    )
    return await this.#alone(shardKey(put.id), async () => {
      const mounted = this.#held.writable()
      try {
        if (await this.#isKept(mounted, put)) return { sha256: put.sha256 }
        await this.#held.space.admit(bytes.length)
        return await this.#append(mounted, put)
      } catch (error) {
        throw await this.#held.judgeWrite(error)
      }
    })
  }

  async get(id: ShardId, range?: ByteRange): Promise<Uint8Array> {
    for (;;) {
      const mounted = this.#held.readable()
      const newest = await this.#newest(mounted, id)
      if (newest === undefined) throw new HoldfastError('shard_not_found', 'the shard is not on this disk')
      if (range !== undefined) refuseRange(newest.payloadLength, range)
      const bytes = await this.#read(mounted, newest, range)
      if (bytes !== undefined) return bytes
      // While it was read, compaction may have moved the shard, or a repair written it anew.
      const now = await this.#newest(this.#held.readable(), id)
      if (now !== undefined && isSameFact(now, newest))
        throw new HoldfastError('shard_corrupt', 'the shard is damaged on this disk')
    }
  }

  async getAsIs(id: ShardId, range: ByteRange, memory?: Uint8Array): Promise<Uint8Array> {
    const { reader, table } = this.#held.readable()
    try {
      const newest = table.state(id).puts[0]
      if (newest !== undefined && holdsRange(newest.payloadLength, range)) {
        const bytes = await reader.asIs(newest, range, memory)
        if (bytes !== undefined) return bytes
      }
    } catch (error) {
      if (!isLater(error)) throw error
    }
    return await this.get(id, range)
  }

  getNow(id: ShardId, range: ByteRange): Uint8Array | undefined {
    const { clock } = this.#options
    const mounted = this.#held.mounted
    const beganMs = clock.monotonicMs()
    if (mounted === undefined || !this.#nearReads.allowedAt(beganMs)) return undefined
    try {
      const newest = mounted.table.recentState(id)?.puts[0]
      if (newest === undefined || !holdsRange(newest.payloadLength, range)) return undefined
      const bytes = mounted.reader.asIsNow(newest, range)
      if (!this.#nearReads.note(beganMs, clock.monotonicMs())) mounted.reader.files.forgetNear()
      return bytes
    } catch (error) {
      if (!isLater(error)) throw error
      return undefined
    }
  }

  async delete(ids: readonly ShardId[], order: Order): Promise<void> {
    await this.#undo('delete', ids, order)
  }

  async purge(ids: readonly ShardId[], order: Order): Promise<void> {
    await this.#undo('purge', ids, order)
  }

  async closePuts(below: Order): Promise<void> {
    refuseLineage(below, this.#held.identity.lineage)
    const { closed } = this.#held.writable()
    try {
      await closed.raise(below.sequence)
    } catch (error) {
      throw await this.#held.judgeWrite(error)
    }
  }

  async list({ after, limit }: { after?: ShardId; limit: number }): Promise<ShardEntry[]> {
    assert(limit >= 1 && limit <= LIST_ENTRIES_MAX, `a list has 1 to ${LIST_ENTRIES_MAX} entries`)
    // A put that was asked for before this call is either in the list, or has failed.
    await this.#ended([...this.#puts.values()])
    const { table } = this.#held.readable()
    try {
      return await table.list(after, limit, () => sleep(this.#options.clock, 0))
    } catch (error) {
      throw await this.#held.judgeWrite(error)
    }
  }

  async report({ endsFrom }: ReportOptions = {}): Promise<NodeReport> {
    const { node, disk, starts, start } = this.#held.identity
    const { mounted } = this.#held
    const space = mounted === undefined ? undefined : await this.#held.space.measure().catch(() => undefined)
    return {
      node,
      disk,
      starts,
      start,
      segmentEnds: mounted?.table.ends(endsFrom) ?? [],
      settledBelow: mounted?.table.settledBelow ?? 0,
      closedBelow: mounted?.closed.below ?? 0,
      capacityBytes: space?.capacityBytes ?? 0,
      freeBytes: space?.freeBytes ?? 0,
      readErrors: mounted?.reader.errors.count ?? 0,
      state: this.#held.state,
    }
  }

  /** Looks whether the disk is still there, or there again, and whether it has room. To be called about each second. */
  async checkIdentity(): Promise<void> {
    await this.#held.check()
  }

  /** Places without a whole record in what the last start read in: torn at a crash, or damaged. */
  get damagedPlaces(): number {
    return this.#held.mounted?.damagedPlaces ?? 0
  }

  /** Gives back the space of purged shards. Runs only when asked. */
  async compact(options: CompactOptions): Promise<Compacted> {
    const compacting = this.#compacting.then(() => this.#compact(options))
    this.#compacting = compacting.catch(() => undefined)
    return await compacting
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort(new HoldfastError('shutting_down', 'this disk is being closed'))
    await this.#compacting
    await this.#held[Symbol.asyncDispose]()
  }

  /** Whether what is asked to be put is here already, at this order or a later one, and was just read whole. */
  async #isKept(mounted: Mounted, put: ShardPut): Promise<boolean> {
    refuseLineage(put.order, this.#held.identity.lineage)
    refuseClosedPut(put.order, mounted.closed.below)
    const state = mounted.table.state(put.id)
    refuseLatePut(state, put)
    const known = state.puts[0]
    if (known === undefined || known.sequence < put.order.sequence) return false
    return (await this.#read(mounted, known, undefined)) !== undefined
  }

  async #append({ appender, identity, table }: Mounted, put: ShardPut): Promise<Receipt> {
    const { id, dataShards, parityShards, bucket, order, sha256, record } = put
    const { lineage, sequence } = order
    const { bytes, payloadLength } = record
    const header = {
      kind: KIND_SHARD,
      lineage,
      sequence,
      writtenAtMs: this.#options.clock.now(),
      subject: id.stripe,
      shardIndex: id.index,
      dataShards,
      parityShards,
      payloadLength,
      sha256,
      bucket,
    } as const
    await appender.append(
      bytes,
      (place) => writeHeader(bytes, header, identity, place),
      (place) =>
        table.add({ what: 'put', key: shardKey(id), lineage, sequence, payloadLength, sha256, bucket, ...place }),
    )
    return { sha256 }
  }

  async #compact(options: CompactOptions): Promise<Compacted> {
    const mounted = this.#held.writable()
    const ends = [this.#closing.signal, options.signal].filter((signal) => signal !== undefined)
    const signal = AbortSignal.any(ends)
    try {
      const compacted = await compactDisk(mounted, this.#options, { ...options, signal })
      await this.#held.space.measure()
      return compacted
    } catch (error) {
      if (signal.aborted) throw error
      throw await this.#held.judgeWrite(error)
    }
  }

  async #undo(deed: 'delete' | 'purge', ids: readonly ShardId[], order: Order): Promise<void> {
    const keys = [...new Set(ids.map(shardKey))]
    // A put that was asked for before this call is either here by then, or has failed.
    await this.#ended(keys.flatMap((key) => this.#puts.get(key) ?? []))
    const mounted = this.#held.writable()
    try {
      refuseLineage(order, this.#held.identity.lineage)
      const due = orderedDeeds(deed, keys, order, (key) => mounted.table.stateOfKey(key))
      const records: Promise<void>[] = []
      for (let from = 0; from < due.length; from += TOMBSTONE_ENTRIES_MAX) {
        records.push(this.#appendTombstone(mounted, deed, due.slice(from, from + TOMBSTONE_ENTRIES_MAX), order))
      }
      await Promise.all(records)
    } catch (error) {
      throw await this.#held.judgeWrite(error)
    }
  }

  async #appendTombstone(
    mounted: Mounted,
    deed: 'delete' | 'purge',
    keys: readonly ShardKey[],
    order: Order,
  ): Promise<void> {
    const { appender, identity, table } = mounted
    const { lineage, sequence } = order
    const payload = encodeTombstone(keys.map((key) => tombstoneEntry(key, deed, sequence)))
    const { bytes, payloadLength, sha256 } = recordBufferOf(payload)
    const writtenAtMs = this.#options.clock.now()
    const header = {
      kind: KIND_TOMBSTONE,
      lineage,
      sequence,
      writtenAtMs,
      payloadLength,
      sha256,
    } as const
    await appender.append(
      bytes,
      (place) => writeHeader(bytes, header, identity, place),
      (place) => {
        for (const key of keys) table.add({ what: deed, key, lineage, sequence, ...place })
      },
    )
  }

  async #newest({ table }: Mounted, id: ShardId): Promise<PutFact | undefined> {
    try {
      return table.state(id).puts[0]
    } catch (error) {
      throw (await this.#held.judgeRead(error)) ?? error
    }
  }

  /** From the newest record, or from an older one of the same bytes; undefined where none of them is whole. */
  async #read(
    { table, reader }: Mounted,
    newest: PutFact,
    range: ByteRange | undefined,
  ): Promise<Uint8Array | undefined> {
    for (const put of table.stateOfKey(newest.key).puts) {
      if (put.sha256 !== newest.sha256) continue
      try {
        const bytes = await (range === undefined ? reader.whole(put) : reader.range(put, range))
        if (bytes !== undefined) return bytes
      } catch (error) {
        const meant = await this.#held.judgeRead(error)
        if (meant !== undefined) throw meant
      }
    }
    return undefined
  }

  /** @throws overloaded where they hang: that says of the disk what the puts say themselves, and nothing more */
  async #ended(puts: readonly Promise<unknown>[]): Promise<void> {
    if (puts.length === 0) return
    try {
      await within(this.#options.clock, PUTS_AWAITED_MS_MAX, Promise.all(puts))
    } catch (cause) {
      throw new HoldfastError('overloaded', 'puts that came before still wait for the disk', { cause })
    }
  }

  async #alone<T>(key: ShardKey, act: () => Promise<T>): Promise<T> {
    for (let before = this.#puts.get(key); before !== undefined; before = this.#puts.get(key)) await before
    const done = act()
    this.#puts.set(
      key,
      done.catch(() => undefined),
    )
    try {
      return await done
    } finally {
      this.#puts.delete(key)
    }
  }
}

/** Whatever is wrong with disk or index, `get` meets it again and says so. */
function isLater(error: unknown): boolean {
  return systemCodeOf(error) !== undefined || error instanceof IndexFailedError
}
