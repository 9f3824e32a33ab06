/**
 * A node: a segment store on a simulated disk. Its process starts and is killed, its power goes, its drive is pulled; the disk
 * stays what it is. Of its index nothing survives.
 *
 * A *doomed* node is one of those that a run may damage or lose for good. On every other node what is durable stays whole.
 */

import { hasCode } from '@holdfast/core/wire/errors.ts'
import { type Id, IdMaker } from '@holdfast/core/wire/ids.ts'
import type { ClusterRow, NodeRow } from '@holdfast/server/catalog/rows.ts'
import { systemCodeOf } from '@holdfast/server/seams/disk.ts'
import { makeIdentity } from '@holdfast/server/storage/identity.ts'
import { MemoryIndex } from '@holdfast/server/storage/memory-index.ts'
import { SegmentStore } from '@holdfast/server/storage/segment-store.ts'
import type { SeededRandom } from './seeded-random.ts'
import type { SimulatedDisk } from './simulated-disk.ts'
import { Life, type Timeline } from './timeline.ts'
import { count, type Trace } from './trace.ts'
import { told } from './violation.ts'

/** Small, so that a run closes many segments and compacts some; the longest shard makes one longer. */
const SEGMENT_BYTES_MAX = 640 * 1024
const COMPACTION_BYTES_PER_SECOND = 50 * 1024 * 1024
const RESTART_AFTER_MS = 700

export interface NodeOptions {
  readonly name: string
  readonly node: Id
  readonly disk: Id
  readonly isDoomed: boolean
  readonly capacityBytes: number
  readonly makeDisk: (options: ConstructorParameters<typeof SimulatedDisk>[0]) => SimulatedDisk
}

export class SimulatedNode {
  readonly name: string
  readonly id: Id
  readonly isDoomed: boolean
  readonly disk: SimulatedDisk
  readonly #options: NodeOptions
  readonly #timeline: Timeline
  readonly #random: SeededRandom
  readonly #trace: Trace
  readonly #onBug: (error: unknown) => void
  readonly #ids: IdMaker
  /** As the catalog counts it; 0 until it has seen the node. */
  number = 0
  store: SegmentStore | undefined
  life: Life
  /** Its drive is out, or its disk is lost: `gone` is for good. */
  isAway = false
  isGone = false
  /** Bits were flipped on it, so that nobody knows what it still says of itself. */
  isDamaged = false
  /** Its last start is not in the catalog yet. */
  hasStarted = false

  constructor(
    options: NodeOptions,
    seams: { timeline: Timeline; random: SeededRandom; trace: Trace },
    onBug: (error: unknown) => void,
  ) {
    this.#options = options
    this.name = options.name
    this.id = options.node
    this.isDoomed = options.isDoomed
    this.#timeline = seams.timeline
    this.#random = seams.random
    this.#trace = seams.trace
    this.#onBug = onBug
    this.life = new Life(seams.timeline)
    const starts = this.#random.fork('starts')
    this.#ids = new IdMaker(
      () => this.life.now(),
      (length) => starts.bytes(length),
    )
    const waits = this.#random.fork('waits')
    const pause = async (kind: 'read' | 'write' | 'sync' | 'slow'): Promise<void> => {
      if (kind === 'read' && waits.chance(0.8)) return
      const [low, high] = { read: [0.05, 0.3], write: [0.1, 3], sync: [0.5, 4], slow: [50, 4000] }[kind]
      await this.#timeline.sleep(waits.between(low ?? 0, high ?? 0))
    }
    const { capacityBytes } = options
    this.disk = options.makeDisk({ random: this.#random.fork('disk'), capacityBytes, pause })
  }

  get isUp(): boolean {
    return this.store !== undefined
  }

  async makeDisk({ clusterId, lineage }: ClusterRow): Promise<void> {
    await makeIdentity(this.disk, { cluster: clusterId, lineage, node: this.id, disk: this.#options.disk })
  }

  /** Starts the process and keeps trying while it lives, as whoever supervises it would. */
  async start(cluster: ClusterRow): Promise<void> {
    if (!this.life.isOver) this.life.end()
    const life = new Life(this.#timeline)
    this.life = life
    while (!life.isOver && !this.isGone) {
      try {
        const store = await SegmentStore.open({
          disk: this.disk,
          clock: life,
          ids: this.#ids,
          openIndex: async () => new MemoryIndex(),
          cluster: cluster.clusterId,
          node: this.id,
          sealedHeader: cluster.sealedHeader,
          segmentBytesMax: SEGMENT_BYTES_MAX,
          reserveBytes: 64 * 1024,
        })
        if (life.isOver) return
        this.store = store
        this.hasStarted = true
        this.#trace.line(`${this.name} is up`)
        this.#watch(life, store)
        return
      } catch (error) {
        if (hasCode(error, 'disk_foreign') && this.isDamaged) this.isGone = true
        else if (systemCodeOf(error) === undefined && !hasCode(error, 'node_unavailable', 'disk_full'))
          this.#onBug(error)
        this.#trace.line(`${this.name} does not start: ${told(error)}`)
        await new Promise<void>((resolve) => life.after(RESTART_AFTER_MS, resolve))
      }
    }
  }

  /** `power`: what was not synced is lost, kept or torn. `kill`: the system keeps it. */
  crash(how: 'power' | 'kill'): void {
    this.life.end()
    this.store = undefined
    if (how === 'power') this.disk.crash()
    else this.disk.kill()
  }

  setAway(away: boolean): void {
    this.isAway = away
    this.disk.setAway(away)
  }

  /** The disk is lost for good. */
  lose(): void {
    this.isGone = true
    this.setAway(true)
  }

  /** Flips a bit in a segment, where there is one. */
  flipBit(): void {
    const full = this.disk.names.filter((name) => name.startsWith('segments/') && this.disk.contents(name).length > 0)
    if (full.length === 0) return
    const name = this.#random.pick(full)
    const position = this.#random.whole(0, this.disk.contents(name).length - 1)
    this.isDamaged = true
    this.disk.flipBit(name, position, this.#random.whole(0, 7))
    this.#trace.fault('flipped bit', `${this.name}, byte ${position} of ${name}`)
  }

  /** Gives back space, as an operator's job would ask; it may be cut short by anything. */
  compact(): void {
    const { store } = this
    if (store === undefined) return
    store.compact({ bytesPerSecond: COMPACTION_BYTES_PER_SECOND }).then(
      ({ removedSegments }) => {
        if (removedSegments > 0) count(this.#trace.answers, 'compact removed', removedSegments)
      },
      (error: unknown) => {
        if (!hasCode(error, 'disk_failed', 'disk_full', 'node_unavailable', 'overloaded', 'shutting_down'))
          this.#onBug(error)
      },
    )
  }

  /** Each second the store looks whether its disk is there. */
  #watch(life: Life, store: SegmentStore): void {
    life.after(1000, () => {
      store.checkIdentity().then(
        () => this.#watch(life, store),
        (error: unknown) => this.#onBug(error),
      )
    })
  }
}

/** What the catalog says of a node, as a gateway that starts knows it. */
export function viewOf(row: NodeRow, node: SimulatedNode) {
  const at = { zone: row.zone, region: 'here', weight: 1, state: 'offline', writable: false } as const
  return { ...at, number: row.number, id: node.id, name: node.name, capacityBytes: row.capacityBytes, freeBytes: 0 }
}
