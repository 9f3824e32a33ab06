/**
 * A whole cluster: a gateway with its embedded catalog, and five nodes behind a network. It is wired as the program wires it,
 * from simulated seams. The gateway and its catalog are one process: they crash together.
 */

import { HoldfastError, hasCode } from '@holdfast/core/wire/errors.ts'
import { IdMaker, type StripeId } from '@holdfast/core/wire/ids.ts'
import type { Catalog } from '@holdfast/server/catalog/catalog.ts'
import type { ClusterRow } from '@holdfast/server/catalog/rows.ts'
import { createCluster } from '@holdfast/server/catalog/transactions/create-cluster.ts'
import { listNodes } from '@holdfast/server/catalog/transactions/list-nodes.ts'
import { nodeSeen } from '@holdfast/server/catalog/transactions/node-seen.ts'
import { nodeStarted } from '@holdfast/server/catalog/transactions/node-started.ts'
import { Nodes } from '@holdfast/server/cluster/nodes.ts'
import { noteUnlistedShards } from '@holdfast/server/cluster/recent-shards.ts'
import type { Compute } from '@holdfast/server/compute/compute.ts'
import { MasterKeys, makeMasterKey } from '@holdfast/server/files/keys/master-keys.ts'
import { Gateway } from '@holdfast/server/gateway.ts'
import type { ShardStore } from '@holdfast/server/storage/shard-store.ts'
import type { SeededRandom } from './seeded-random.ts'
import { SimulatedCatalog, SimulatedCatalogDisk } from './simulated-catalog.ts'
import type { ComputeMemory, SimulatedCompute } from './simulated-compute.ts'
import { SimulatedDisk, type SimulatedDiskOptions } from './simulated-disk.ts'
import { SimulatedNode, viewOf } from './simulated-node.ts'
import { type NetworkSabotage, SimulatedNetwork } from './simulated-transport.ts'
import { Life, type Timeline } from './timeline.ts'
import type { Trace } from './trace.ts'
import { demand, told, Violation } from './violation.ts'

export const NODES = 5
const LOOK_EVERY_MS = 1000
const REPORT_EVERY_LOOKS = 3
const REAP_EVERY_MS = 1200
const SEALED_HEADER = Buffer.from('a sealed header')

/** Protections that a control switches off, each of which must then be missed. */
export interface Sabotage extends NetworkSabotage {
  readonly makeDisk?: (options: SimulatedDiskOptions) => SimulatedDisk
  readonly catalogAnswersEarly?: boolean
  readonly wrapCatalog?: (catalog: Catalog) => Catalog
  readonly wrapCompute?: (compute: Compute) => Compute
}

export interface ClusterOptions {
  readonly random: SeededRandom
  readonly timeline: Timeline
  readonly trace: Trace
  readonly memory: ComputeMemory
  /** How many nodes the run may damage or lose for good. */
  readonly doomed: number
  readonly capacityBytes: number
  readonly deadSessionsMax: number
  readonly sabotage: Sabotage
}

/** One life of the gateway. */
interface Running {
  readonly life: Life
  readonly catalog: SimulatedCatalog
  readonly compute: SimulatedCompute
  readonly nodes: Nodes
  readonly gateway: Gateway
}

export class SimulatedCluster {
  readonly #options: ClusterOptions
  readonly #random: SeededRandom
  readonly #timeline: Timeline
  readonly #trace: Trace
  readonly #ids: IdMaker
  readonly #masterKeys: MasterKeys
  readonly catalogDisk = new SimulatedCatalogDisk()
  readonly nodes: readonly SimulatedNode[]
  readonly network: SimulatedNetwork
  readonly #cluster: ClusterRow
  #life: Life
  #running: Running | undefined
  #starting: { readonly catalog: SimulatedCatalog; readonly compute: SimulatedCompute } | undefined
  #lives = 0
  /** The first thing that must never be. */
  bug: unknown

  constructor(options: ClusterOptions) {
    const { random, timeline, trace, doomed, capacityBytes, sabotage } = options
    this.#options = options
    this.#random = random
    this.#timeline = timeline
    this.#trace = trace
    this.#life = new Life(timeline)
    const idRandom = random.fork('ids')
    this.#ids = new IdMaker(
      () => this.#life.now(),
      (length) => idRandom.bytes(length),
    )
    const keyRandom = random.fork('keys')
    this.#masterKeys = new MasterKeys([makeMasterKey(keyRandom, this.#ids)], keyRandom)
    this.#cluster = {
      clusterId: this.#ids.next(),
      lineage: this.#ids.next(),
      sequence: 0,
      recoveryPublicKey: new Uint8Array(32),
      sealedHeader: SEALED_HEADER,
      createdAt: this.#life.now(),
    }
    const onBug = (error: unknown): void => this.noteBug(error)
    const numbers = random.fork('doom').shuffled(Array.from({ length: NODES }, (_, index) => index))
    this.nodes = Array.from({ length: NODES }, (_, index) => {
      const name = `drive-${index + 1}`
      const isDoomed = numbers.indexOf(index) < doomed
      const makeDisk = sabotage.makeDisk ?? ((diskOptions: SimulatedDiskOptions) => new SimulatedDisk(diskOptions))
      const who = { name, node: this.#ids.next(), disk: this.#ids.next() }
      return new SimulatedNode(
        { ...who, isDoomed, capacityBytes, makeDisk },
        { timeline, random: random.fork(name), trace },
        onBug,
      )
    })
    const seams = { timeline, random: random.fork('network'), trace }
    this.network = new SimulatedNetwork(seams, this.nodes, onBug, sabotage)
  }

  get gateway(): Gateway | undefined {
    return this.#running?.gateway
  }

  get views(): Nodes | undefined {
    return this.#running?.nodes
  }

  get catalog(): SimulatedCatalog | undefined {
    return this.#running?.catalog
  }

  get heldSlots(): number {
    return this.#running?.compute.heldSlots ?? 0
  }

  /** The clock of the gateway's life. */
  get clock(): Life {
    return this.#life
  }

  noteBug(error: unknown): void {
    this.bug ??= error
    this.#trace.line(`BUG ${told(error)}`)
  }

  /** For the first time. */
  async open(): Promise<void> {
    for (const node of this.nodes) await node.makeDisk(this.#cluster)
    await Promise.all(this.nodes.map((node) => node.start(this.#cluster)))
    await this.startGateway()
  }

  async startNode(node: SimulatedNode): Promise<void> {
    await node.start(this.#cluster)
  }

  /** All of it, its catalog too; what was under way never gets an answer. */
  crashGateway(): void {
    this.#life.end()
    const { catalog, compute } = this.#running ?? this.#starting ?? {}
    catalog?.crash()
    compute?.takeBack()
    this.#running = undefined
    this.#starting = undefined
  }

  async startGateway(): Promise<void> {
    const { memory, deadSessionsMax, sabotage } = this.#options
    this.#lives++
    const life = new Life(this.#timeline)
    this.#life = life
    const random = this.#random.fork(`gateway ${this.#lives}`)
    const catalog = this.#openCatalog(random.fork('catalog'))
    const compute = memory.lend(random.fork('compute'))
    this.#starting = { catalog, compute }
    const idRandom = random.fork('ids')
    const ids = new IdMaker(
      () => life.now(),
      (length) => idRandom.bytes(length),
    )
    const wrapped = sabotage.wrapCatalog?.(catalog) ?? catalog
    const cluster = await wrapped.write(createCluster, { ...this.#cluster, nowMs: this.#cluster.createdAt })
    const transport = this.network.transportOf(life)
    const nodes = new Nodes(transport, (_, after) =>
      this.#trace.line(`${after.name} is ${after.state}, ${after.writable}`),
    )
    await this.#greet(wrapped, nodes, life)
    await nodes.refresh()
    const gateway = await Gateway.open({
      cluster,
      gateway: ids.next(),
      catalog: wrapped,
      nodes,
      compute: sabotage.wrapCompute?.(compute) ?? compute,
      masterKeys: this.#masterKeys,
      clock: life,
      random: random.fork('gateway'),
      ids,
      alarm: (sentence, details) => this.noteBug(new Violation(`${sentence}: ${JSON.stringify(details)}`)),
      deadSessionsMax,
    })
    if (life.isOver) return
    this.#starting = undefined
    this.#running = { life, catalog, compute, nodes, gateway }
    let looks = 0
    this.#repeatedly(life, LOOK_EVERY_MS, async () => {
      await nodes.refresh()
      await this.#greet(wrapped, nodes, life)
      looks++
      if (looks % REPORT_EVERY_LOOKS === 0) await this.#report(wrapped, nodes)
    })
    this.#repeatedly(life, REAP_EVERY_MS, async () => {
      const { chunks, pages, stripes, debris } = await gateway.reaper.run()
      if (chunks + pages + stripes + debris > 0) {
        this.#trace.line(`reaped ${chunks} chunks, ${pages} pages, ${stripes} stripes, ${debris} shards of debris`)
      }
      await gateway.recounting.turn()
    })
    this.#trace.line('the gateway is up')
  }

  [Symbol.dispose](): void {
    this.crashGateway()
    for (const node of this.nodes) node.crash('kill')
    this.catalogDisk[Symbol.dispose]()
  }

  #openCatalog(random: SeededRandom): SimulatedCatalog {
    return SimulatedCatalog.open({
      disk: this.catalogDisk,
      random,
      grant: (what) => this.#timeline.sleep(what === 'sync' ? random.between(0.5, 6) : random.between(0.1, 2)),
      answersEarly: this.#options.sabotage.catalogAnswersEarly ?? false,
    })
  }

  /** Tells the catalog of nodes that have started, and the gateway of nodes that it does not know. */
  async #greet(catalog: Catalog, nodes: Nodes, life: Life): Promise<void> {
    for (const node of this.nodes) {
      const { store } = node
      if (!node.hasStarted || store === undefined) continue
      const report = await node.life.outlive(store.report())
      if (report === undefined || report.state === 'absent') continue
      const { number, verdict, recentAfter } = await catalog.write(nodeStarted, {
        ...report,
        name: node.name,
        zone: node.name,
        nowMs: life.now(),
      })
      if (life.isOver) return
      node.hasStarted = false
      node.number = number
      // Nobody waits for it: a disk that hangs may never answer.
      if (recentAfter !== null)
        this.#compareRecent(catalog, node, store, recentAfter).catch((error) => this.noteBug(error))
      const isTrusted = node.isDamaged || verdict === 'new' || verdict === 'current'
      demand(isTrusted, `${node.name}, an honest disk, is called ${verdict}: start ${report.starts}`)
    }
    const rows = await catalog.read(listNodes, {})
    for (const node of this.nodes) {
      const row = rows.find(({ name }) => name === node.name)
      if (row === undefined || nodes.get(row.number) !== undefined) continue
      node.number = row.number
      nodes.add(viewOf(row, node))
    }
  }

  /** An honest disk that could be read lists all that it acknowledged, whatever happens to its node meanwhile. */
  async #compareRecent(catalog: Catalog, node: SimulatedNode, store: ShardStore, after: StripeId): Promise<void> {
    try {
      const unlisted = await node.life.outlive(noteUnlistedShards(catalog, store, node.number, after))
      const isHonest = !node.isDamaged && (node.disk.fired.get('readError') ?? 0) === 0
      demand(!isHonest || !unlisted, `${node.name}, an honest disk, is said to lack ${unlisted} shards`)
    } catch (error) {
      if (!(error instanceof HoldfastError)) throw error
    }
  }

  async #report(catalog: Catalog, nodes: Nodes): Promise<void> {
    for (const node of this.nodes) {
      if (node.hasStarted || !nodes.isOnline(node.number)) continue
      const report = await nodes
        .store(node.number)
        .report()
        .catch(() => undefined)
      if (report === undefined || (report.state !== 'online' && report.state !== 'full')) continue
      const { capacityBytes, freeBytes, segmentEnds } = report
      const nowMs = this.#life.now()
      await catalog.write(nodeSeen, {
        number: node.number,
        state: 'online',
        capacityBytes,
        freeBytes,
        segmentEnds,
        nowMs,
      })
    }
  }

  #repeatedly(life: Life, everyMs: number, act: () => Promise<void>): void {
    const turn = (): void => {
      act().then(
        () => life.after(everyMs, turn),
        (error: unknown) => {
          // What cannot be done now the next turn does.
          if (error instanceof Violation || !(error instanceof HoldfastError) || !hasCode(error, 'session_ended'))
            this.noteBug(error)
          life.after(everyMs, turn)
        },
      )
    }
    life.after(everyMs, turn)
  }
}
