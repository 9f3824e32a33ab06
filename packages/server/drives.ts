/**
 * The nodes of one process: a drive each, a directory with an identity. What this process knows as a node stays one although its
 * directory is gone; it is then away, and each look finds out whether it is back. A directory that never was a node becomes one
 * only while the catalog knows none of that name.
 */
import { AssertionError, assert } from '@holdfast/core/wire/assert.ts'
import { HoldfastError } from '@holdfast/core/wire/errors.ts'
import type { Id, IdMaker, StripeId } from '@holdfast/core/wire/ids.ts'
import type { Catalog } from './catalog/catalog.ts'
import type { ClusterRow, NodeRow } from './catalog/rows.ts'
import { listNodes } from './catalog/transactions/list-nodes.ts'
import { nodeSeen } from './catalog/transactions/node-seen.ts'
import { type NodeStartedResult, nodeStarted } from './catalog/transactions/node-started.ts'
import type { CatalogAge } from './cluster/catalog-age.ts'
import { Nodes, type Transport } from './cluster/nodes.ts'
import { noteUnlistedShards } from './cluster/recent-shards.ts'
import { TimelyStore } from './cluster/timely-store.ts'
import { READS_FAIL } from './cluster/warnings.ts'
import { type Clock, within } from './seams/clock.ts'
import { systemCodeOf } from './seams/disk.ts'
import { FileDisk } from './seams/file-disk.ts'
import { repeatedly } from './seams/repeatedly.ts'
import { systemRefusal } from './seams/system-refusal.ts'
import type { HoldOptions } from './storage/held-disk.ts'
import { makeIdentity, readIdentity } from './storage/identity.ts'
import { SegmentStore } from './storage/segment-store.ts'
import type { NodeReport, ShardStore } from './storage/shard-store.ts'
import { openSqliteIndex } from './storage/sqlite-index.ts'

/** How often the catalog is told how far the segments go: what a rollback of a disk is measured by. */
const REPORT_EVERY_LOOKS = 30
/** Who looks at the drives, or starts with them, waits no longer for one of them. */
const LOOK_MS_MAX = 5_000
/** A drive that hangs may not keep the process, and the catalog behind it, from its end. */
export const DRIVES_CLOSE_MS_MAX = 5_000
/** A report of one of these says how far the disk is written. */
const MOUNTED: ReadonlySet<NodeReport['state']> = new Set(['online', 'suspect', 'full'])
const COMPACT_EVERY_MS = 60_000
/** Leaves most of a slow disk to those who wait for it. */
const COMPACT_BYTES_PER_SECOND = 32 * 1024 * 1024

export interface DriveDirectory {
  /** `drive-1`, …: what the catalog knows it by. */
  readonly name: string
  readonly directory: string
  /** What fails together with it: the device it lies on. */
  readonly zone: string
}

interface Drive {
  readonly place: DriveDirectory
  number: number
  store: SegmentStore | undefined
  /** The store as the others reach it. */
  link: ShardStore | undefined
  /** The catalog knows the ends of all segments below. */
  endsFrom: number
  /** The turns of its compaction, of which those of a drive that hangs hold up nobody else's. */
  compacting: AsyncDisposable | undefined
  /** The look that goes on: one that hangs is not looked at twice at once. */
  looking: Promise<void> | undefined
  complaint: string
}

export interface DrivesOptions {
  readonly catalog: Catalog
  readonly cluster: ClusterRow
  /** Is told what each drive has heard of the catalog. */
  readonly age: CatalogAge
  readonly clock: Clock
  readonly ids: IdMaker
  readonly places: readonly DriveDirectory[]
  /** Makes the directory of a drive that is new. */
  readonly makeDirectory: (directory: string) => Promise<unknown>
  readonly warn: (sentence: string, error?: unknown) => void
  /** Ends the process. */
  readonly fatal: (error: unknown) => void
}

export class Drives implements AsyncDisposable {
  readonly nodes: Nodes
  readonly #options: DrivesOptions
  readonly #drives: Drive[] = []
  #looks = 0

  private constructor(options: DrivesOptions) {
    this.#options = options
    const transport: Transport = { link: (number) => this.#link(number) }
    this.nodes = new Nodes(transport, (before, after) => {
      if (before.state !== after.state && this.#looks > 0)
        options.warn(
          `${after.name} ${after.state === 'suspect' ? READS_FAIL : `is ${after.state}, it was ${before.state}`}`,
        )
    })
  }

  static async open(options: DrivesOptions): Promise<Drives> {
    const drives = new Drives(options)
    const known = await options.catalog.read(listNodes, {})
    assertAllNamed(known, options.places)
    const knownAt = ({ name }: DriveDirectory): NodeRow | undefined => known.find((node) => node.name === name)
    for (const place of options.places) {
      const node = knownAt(place)
      if (node !== undefined) drives.#add(driveAt(place, node.number), node)
    }
    await drives.#lookAtAll()
    // One after the other: they are numbered in the order of their names.
    for (const place of options.places) if (knownAt(place) === undefined) await drives.#addNew(place, known)
    await drives.nodes.refresh()
    return drives
  }

  /** To be called every second: what went is away, what came back is there. */
  async look(): Promise<void> {
    await this.#lookAtAll()
    await this.nodes.refresh()
    this.#looks++
    if (this.#looks % REPORT_EVERY_LOOKS === 0) await Promise.all(this.#drives.map((drive) => this.#report(drive)))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const { clock } = this.#options
    const closings = this.#drives.map(async (drive) => {
      try {
        await within(clock, DRIVES_CLOSE_MS_MAX, this.#close(drive))
      } catch (error) {
        this.#note(`${drive.place.name} does not close`, error)
      }
    })
    await Promise.all(closings)
  }

  async #close(drive: Drive): Promise<void> {
    const compacted = drive.compacting?.[Symbol.asyncDispose]()
    // It may have opened the store that is to be closed.
    await drive.looking
    await this.#report(drive)
    await drive.store?.[Symbol.asyncDispose]()
    await compacted
  }

  /** Gives back the space of segments that are mostly dead, slowly. What the drive cannot do now, it does at the next turn. */
  #compactInTurns(drive: Drive): AsyncDisposable {
    const { clock, warn, fatal } = this.#options
    return repeatedly({
      clock,
      everyMs: COMPACT_EVERY_MS,
      fatal,
      failed: (error) => warn(`${drive.place.name} was not compacted`, error),
      act: async (signal) => {
        if (this.nodes.isOnline(drive.number))
          await drive.store?.compact({ bytesPerSecond: COMPACT_BYTES_PER_SECOND, signal })
      },
    })
  }

  /** What may fail is told and left; a broken invariant is no failure. */
  #note(sentence: string, error: unknown): void {
    if (error instanceof AssertionError) this.#options.fatal(error)
    else this.#options.warn(sentence, error)
  }

  #add(drive: Drive, { node: id, capacityBytes }: Pick<NodeRow, 'node' | 'capacityBytes'>): void {
    const { number, place } = drive
    const { name, zone } = place
    this.#drives.push(drive)
    drive.compacting = this.#compactInTurns(drive)
    const away = { state: 'offline', writable: false, freeBytes: 0 } as const
    this.nodes.add({ number, id, name, zone, region: 'here', weight: 1, capacityBytes, ...away })
  }

  /** @throws disk_foreign where it cannot be made, for nobody would know whether it is there */
  async #addNew(place: DriveDirectory, nodes: readonly NodeRow[]): Promise<void> {
    const drive = driveAt(place, -1)
    const make = async (): Promise<Id> => {
      const node = await this.#newNode(place, nodes)
      await this.#open(drive, node)
      return node
    }
    try {
      const node = await within(this.#options.clock, LOOK_MS_MAX, make())
      this.#add(drive, { node, capacityBytes: 0 })
    } catch (error) {
      if (!(error instanceof HoldfastError) && systemCodeOf(error) === undefined) throw error
      throw new HoldfastError('disk_foreign', `${place.name} at ${place.directory}: ${messageOf(error)}`, {
        cause: error,
      })
    }
  }

  /** Makes a drive. One that a start made which was killed before the catalog heard of it is taken as it is. */
  async #newNode(place: DriveDirectory, nodes: readonly NodeRow[]): Promise<Id> {
    const { cluster, ids } = this.#options
    const found = await readIdentity(new FileDisk(place.directory))
    if (found.is === 'known' && found.identity.cluster === cluster.clusterId) {
      const { node } = found.identity
      if (nodes.every((other) => other.node !== node)) return node
    }
    await this.#options.makeDirectory(place.directory)
    const node = ids.next()
    const identity = { cluster: cluster.clusterId, lineage: cluster.lineage, node, disk: ids.next() }
    await makeIdentity(new FileDisk(place.directory), identity)
    return node
  }

  /** Tells the catalog of a disk that was mounted, before anyone reaches it. @throws disk_foreign */
  async #admit(drive: Drive, report: NodeReport): Promise<NodeStartedResult> {
    const { name, zone, directory } = drive.place
    const { catalog, clock, warn } = this.#options
    const started = await catalog.write(nodeStarted, { ...report, name, zone, nowMs: clock.now() })
    const { verdict } = started
    if (verdict === 'cloned') {
      throw new HoldfastError('disk_foreign', `${directory} is a copy of another drive of this cluster; take it away`)
    }
    if (verdict === 'rolled_back') {
      warn(`${name} is older than when it was last seen; what it lacks is read from the other drives`)
    }
    drive.endsFrom = report.settledBelow
    return started
  }

  /** However long that takes: the drive is there from the moment that the catalog has heard of it. */
  async #open(drive: Drive, node: Id): Promise<void> {
    const { cluster, age, clock, ids, warn } = this.#options
    const disk = new FileDisk(drive.place.directory)
    const openIndex = openSqliteIndex(disk, { boot: await disk.memoryToken(), clock })
    const rules = { cluster: cluster.clusterId, node, sealedHeader: cluster.sealedHeader }
    // Up to where it was written when it went, the catalog may not have heard of it yet.
    const onReturn: HoldOptions['onReturn'] = async (report, before) => {
      await this.#seen(drive, { ...report, segmentEnds: before })
      await this.#admit(drive, report)
    }
    const store = await SegmentStore.open({ disk, clock, ids, openIndex, ...rules, onReturn })
    try {
      const report = await store.report()
      const older = age.note(drive.place.name, report.closedBelow)
      if (older !== undefined) warn(older)
      const { number, recentAfter } = await this.#admit(drive, report)
      if (recentAfter !== null) await this.#noteLost(drive, store, number, recentAfter)
      drive.number = number
    } catch (error) {
      await store[Symbol.asyncDispose]()
      throw error
    }
    drive.store = store
    drive.link = new TimelyStore(store, clock)
  }

  async #noteLost(drive: Drive, store: SegmentStore, number: number, after: StripeId): Promise<void> {
    const { catalog, warn } = this.#options
    const lost = await noteUnlistedShards(catalog, store, number, after)
    if (lost > 0)
      warn(`${drive.place.name} does not list ${lost} of the shards that it wrote last: they are not relied upon`)
  }

  /** One bad drive is told of once, and keeps nobody from looking at the others. */
  #complain(drive: Drive, error: unknown): void {
    if (error instanceof AssertionError) this.#options.fatal(error)
    const { name, directory } = drive.place
    const complaint = messageOf(error)
    if (complaint !== drive.complaint) this.#options.warn(`${name} at ${directory} is away: ${complaint}`)
    drive.complaint = complaint
  }

  async #lookAtAll(): Promise<void> {
    await Promise.all(this.#drives.map((drive) => drive.looking === undefined && this.#lookInTime(drive)))
  }

  /** What takes longer goes on, and its end counts. */
  async #lookInTime(drive: Drive): Promise<void> {
    drive.looking = this.#look(drive).finally(() => {
      drive.looking = undefined
    })
    try {
      await within(this.#options.clock, LOOK_MS_MAX, drive.looking)
    } catch (error) {
      // Once it is known what it comes to in the end, that is told and not how long it takes.
      if (drive.complaint === '') this.#complain(drive, error)
    }
  }

  /** Never fails. */
  async #look(drive: Drive): Promise<void> {
    try {
      if (drive.store !== undefined) await drive.store.checkIdentity()
      else await this.#open(drive, this.#idOf(drive))
      drive.complaint = ''
    } catch (error) {
      this.#complain(drive, error)
    }
  }

  #idOf({ number }: Drive): Id {
    const node = this.nodes.get(number)
    assert(node !== undefined, 'a drive is a node')
    return node.id
  }

  #link(number: number): ShardStore {
    const link = this.#drives.find((drive) => drive.number === number)?.link
    if (link === undefined) throw new HoldfastError('node_unavailable', 'this drive is away')
    return link
  }

  /** Tells the catalog how far a drive is written. What it does not hear now, it hears the next time. */
  async #report(drive: Drive): Promise<void> {
    try {
      const report = await drive.link?.report({ endsFrom: drive.endsFrom })
      if (report !== undefined && MOUNTED.has(report.state)) await this.#seen(drive, report)
    } catch (error) {
      this.#note(`${drive.place.name} is not reported`, error)
    }
  }

  async #seen(drive: Drive, { capacityBytes, freeBytes, segmentEnds, settledBelow }: NodeReport): Promise<void> {
    const { catalog, clock } = this.#options
    const told = { number: drive.number, state: 'online', capacityBytes, freeBytes, segmentEnds, nowMs: clock.now() }
    await catalog.write(nodeSeen, told)
    drive.endsFrom = settledBelow
  }
}

/** A node without a place would be forgotten: its shards would count as there, and nobody would see it come back. */
function assertAllNamed(known: readonly NodeRow[], places: readonly DriveDirectory[]): void {
  const forgotten = known.filter(({ name }) => places.every((place) => place.name !== name))
  if (forgotten.length === 0) return
  throw new HoldfastError(
    'bad_configuration',
    `there are ${known.length} drives and ${places.length} are named, without ${forgotten.map(({ name }) => name).join(', ')}: name all of them, also what is dead`,
  )
}

function driveAt(place: DriveDirectory, number: number): Drive {
  const away = { store: undefined, link: undefined, compacting: undefined, looking: undefined }
  return { place, number, endsFrom: 0, complaint: '', ...away }
}

function messageOf(error: unknown): string {
  return systemRefusal(error) ?? (error instanceof Error ? error.message : String(error))
}
