/**
 * Puts records behind each other into the open segment and tells when each is on disk. While one group is being written, the
 * next one gathers; so a lone record waits for one write, and a thousand share one.
 *
 *     append ─> queue ─> group ─> stamp places ─> one durable write ─> landed ─> receipts
 *
 * When a segment is full, the next one is there already: it is begun while the last megabytes of this one are filled, and
 * the full one is closed beside the work.
 */
import { HoldfastError, hasCode } from '@holdfast/core/wire/errors.ts'
import type { Clock } from '../seams/clock.ts'
import type { Disk } from '../seams/disk.ts'
import type { Identity } from './identity.ts'
import { OpenSegment, type SegmentRules } from './open-segment.ts'
import { KIND_IDENTITY, type Place, writeHeader } from './record.ts'
import { recordBufferOf } from './record-buffer.ts'
import { segmentPath } from './segment-name.ts'
import type { ShardTable } from './shard-table.ts'

/** Bytes that wait for the disk; who brings more is told to come back. */
export const QUEUED_BYTES_MAX = 64 * 1024 * 1024
/** One system call takes this much at most, so that a lone record does not wait behind a whole queue. */
const GROUP_BYTES_MAX = 16 * 1024 * 1024
const GROUP_RECORDS_MAX = 512
/** The next segment is begun when this part of the open one is left. */
const NEXT_BEGINS_AT = 1 / 8

export interface AppenderOptions {
  readonly disk: Disk
  readonly clock: Clock
  readonly identity: Identity
  readonly sealedHeader: Uint8Array
  readonly table: ShardTable
  readonly rules: SegmentRules
  /** Higher than the number of any segment that ever was. */
  readonly nextSegment: number
  readonly resumed: OpenSegment | undefined
  /** Throws where the disk at this path is not ours any more; asked before a file is made. */
  readonly checkDisk: () => Promise<void>
  /** Gives a failure its meaning. After `disk_full` and `overloaded` work goes on, after any other it ends. */
  readonly judge: (error: unknown) => Promise<Error>
}

interface Waiting {
  readonly record: Uint8Array
  readonly stamp: (place: Place) => void
  readonly landed: (place: Place) => void
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

export class Appender implements AsyncDisposable {
  readonly #options: AppenderOptions
  readonly #queue: Waiting[] = []
  #queuedBytes = 0
  #running: Promise<void> | undefined
  #current: OpenSegment | undefined
  #next: Promise<OpenSegment> | undefined
  #nextNumber: number
  readonly #closing = new Set<Promise<void>>()
  /** Set when nothing may be written any more. */
  #failure: Error | undefined
  #closed = false

  constructor(options: AppenderOptions) {
    this.#options = options
    this.#current = options.resumed
    this.#nextNumber = options.nextSegment
  }

  /**
   * Resolves when the record is on disk. `stamp` is called when its place is known and before it is written; `landed` when it is
   * durable, in the same breath for the whole group.
   */
  async append(record: Uint8Array, stamp: (place: Place) => void, landed: (place: Place) => void): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure
    if (this.#closed) throw new HoldfastError('shutting_down', 'this disk is being closed')
    if (this.#queuedBytes + record.length > QUEUED_BYTES_MAX) {
      throw new HoldfastError('overloaded', `more than ${QUEUED_BYTES_MAX} bytes wait for this disk`)
    }
    this.#queuedBytes += record.length
    await new Promise<void>((resolve, reject) => {
      this.#queue.push({ record, stamp, landed, resolve, reject })
      this.#running ??= this.#run()
    })
  }

  /** The number of the segment that new records go to; nothing is written to a lower one any more. */
  async currentSegment(): Promise<number> {
    if (this.#current !== undefined) return this.#current.number
    const next = this.#next ?? this.#begin()
    this.#next = next
    try {
      return (await next).number
    } catch (error) {
      if (this.#next === next) this.#next = undefined
      throw error
    }
  }

  /** Closes a segment that an earlier start left behind. */
  closeBeside(segment: OpenSegment): void {
    const closing = this.#close(segment).finally(() => this.#closing.delete(closing))
    this.#closing.add(closing)
  }

  /** Refuses what waits and what comes, and lets go of the files without touching them. */
  async end(error: HoldfastError): Promise<void> {
    this.#failure ??= error
    for (const segment of await this.#settled()) await segment.abandon()
  }

  /** Waits for what is under way and leaves the segment for the next start. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true
    for (const segment of await this.#settled()) {
      await (this.#failure === undefined ? segment.leave() : segment.abandon())
    }
  }

  /** The segments that are still open once nothing is under way. */
  async #settled(): Promise<OpenSegment[]> {
    await this.#running
    await Promise.all(this.#closing)
    const next = await this.#next?.catch(() => undefined)
    return [this.#current, next].filter((segment) => segment !== undefined)
  }

  async #run(): Promise<void> {
    for (let first = this.#queue[0]; first !== undefined; first = this.#queue[0]) {
      let group: Waiting[] = [first]
      try {
        if (this.#failure !== undefined) throw this.#failure
        const segment = await this.#segmentFor(first.record.length)
        group = this.#groupFor(segment)
        await this.#write(segment, group)
        this.#settleGroup(group, (waiting) => waiting.resolve())
        this.#prepareNext(segment)
      } catch (error) {
        await this.#fail(error, group)
      }
    }
    this.#running = undefined
  }

  #groupFor(segment: OpenSegment): Waiting[] {
    const group: Waiting[] = []
    let groupBytes = 0
    for (const waiting of this.#queue) {
      const bytes = groupBytes + waiting.record.length
      const tooMuch =
        bytes > GROUP_BYTES_MAX || group.length === GROUP_RECORDS_MAX || !segment.fits(bytes, group.length + 1)
      if (tooMuch && group.length > 0) break
      group.push(waiting)
      groupBytes = bytes
    }
    return group
  }

  async #write(segment: OpenSegment, group: readonly Waiting[]): Promise<void> {
    const places: Place[] = []
    let offset = segment.endBytes
    for (const waiting of group) {
      const place = { segment: segment.number, offset }
      waiting.stamp(place)
      places.push(place)
      offset += waiting.record.length
    }
    try {
      await segment.append(group.map((waiting) => waiting.record))
    } catch (error) {
      const meant = await this.#options.judge(error)
      if (hasCode(meant, 'disk_full')) await segment.cutTail()
      throw meant
    }
    group.forEach((waiting, index) => {
      const place = places[index]
      if (place !== undefined) waiting.landed(place)
    })
    this.#options.table.setEnd(segment.number, segment.endBytes, false)
  }

  #settleGroup(group: readonly Waiting[], settle: (waiting: Waiting) => void): void {
    this.#queue.splice(0, group.length)
    for (const waiting of group) {
      this.#queuedBytes -= waiting.record.length
      settle(waiting)
    }
  }

  async #fail(error: unknown, group: readonly Waiting[]): Promise<void> {
    const meant = await this.#options.judge(error)
    if (!hasCode(meant, 'disk_full', 'overloaded')) this.#failure ??= meant
    this.#settleGroup(this.#failure === undefined ? group : [...this.#queue], (waiting) => waiting.reject(meant))
  }

  async #segmentFor(recordBytes: number): Promise<OpenSegment> {
    const full = this.#current
    if (full?.fits(recordBytes, 1)) return full
    const next = this.#next ?? this.#begin()
    this.#next = undefined
    this.#current = await next
    if (full !== undefined) this.closeBeside(full)
    return this.#current
  }

  #prepareNext(segment: OpenSegment): void {
    if (this.#next !== undefined || segment.roomBytes > this.#options.rules.bytesMax * NEXT_BEGINS_AT) return
    this.#next = this.#begin()
    // Its failure is told to the record that first needs it.
    this.#next.catch(() => undefined)
  }

  async #begin(): Promise<OpenSegment> {
    const { disk, rules, table, checkDisk } = this.#options
    await checkDisk()
    const segment = await OpenSegment.create(disk, rules, this.#nextNumber++)
    try {
      await segment.append([this.#identityRecord(segment.number)])
    } catch (error) {
      await segment.abandon()
      await disk.remove(segmentPath(segment.number)).catch(() => undefined)
      throw error
    }
    table.setEnd(segment.number, segment.endBytes, false)
    return segment
  }

  #identityRecord(segment: number): Uint8Array {
    const { clock, identity, sealedHeader } = this.#options
    const payload = identityPayload(identity, sealedHeader)
    const { bytes, payloadLength, sha256 } = recordBufferOf(payload)
    const by = { kind: KIND_IDENTITY, lineage: identity.lineage, writtenAtMs: clock.now() } as const
    writeHeader(bytes, { ...by, payloadLength, sha256 }, identity, { segment, offset: 0 })
    return bytes
  }

  async #close(segment: OpenSegment): Promise<void> {
    const { clock, disk, identity, judge, table } = this.#options
    try {
      const endBytes = await segment.close(disk, { lineage: identity.lineage, writtenAtMs: clock.now() })
      table.setEnd(segment.number, endBytes, true)
    } catch (error) {
      // A segment without its index record is as good as one with it, only slower to open.
      await segment.abandon()
      const meant = await judge(error)
      if (!hasCode(meant, 'disk_full', 'overloaded')) this.#failure ??= meant
    }
  }
}

/** What the first record of a segment holds: whose disk it is, and the sealed header of the cluster. */
export function identityPayload({ node, disk }: Identity, sealedHeader: Uint8Array): Buffer {
  return Buffer.from(JSON.stringify({ node, disk, sealedHeader: Buffer.from(sealedHeader).toString('base64') }))
}
