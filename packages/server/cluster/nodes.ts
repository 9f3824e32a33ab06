/**
 * What a gateway knows of its nodes, and the seam through which it reaches them. In one process a node is an object; elsewhere a
 * link that speaks to it. A node that fails a call is looked at again by `refresh`, which the caller runs every second.
 */
import type { PlacementNode } from '@holdfast/core/placement/place.ts'
import { hasCode } from '@holdfast/core/wire/errors.ts'
import type { Id } from '@holdfast/core/wire/ids.ts'
import type { NodeReport, ShardStore } from '../storage/shard-store.ts'

/**
 * How a gateway reaches a node: the seam that the simulator delays, drops and cuts. A report, a list and an order answer or fail in
 * time, whatever the node does; a put or a read may hang as long as its disk.
 */
export interface Transport {
  link(node: number): ShardStore
}

/** Beyond any segment: how a node is, is asked every second, and how far it is written only now and then. */
const NO_SEGMENT = Number.POSITIVE_INFINITY

/** `suspect`: its disk fails to read too often; it is read and not written. */
export type NodeState = 'online' | 'suspect' | 'offline' | 'failed'

const STATES: Record<NodeReport['state'], NodeState> = {
  online: 'online',
  full: 'online',
  suspect: 'suspect',
  failed: 'failed',
  absent: 'offline',
}

export interface NodeView {
  readonly number: number
  readonly id: Id
  readonly name: string
  readonly zone: string
  readonly region: string
  readonly weight: number
  readonly state: NodeState
  /** Takes new shards: online, with room, and its disk is not taken to hang. */
  readonly writable: boolean
  readonly capacityBytes: number
  readonly freeBytes: number
}

export type NodeChange = (before: NodeView, after: NodeView) => void

export class Nodes {
  readonly #transport: Transport
  readonly #onChange: NodeChange
  readonly #views = new Map<number, NodeView>()
  /** How many puts a node is silent on, and how many of them it is taken to hang on, by its number. */
  readonly #silent = new Map<number, number>()
  readonly #hung = new Map<number, number>()
  readonly #readErrors = new Map<number, number>()

  constructor(transport: Transport, onChange: NodeChange) {
    this.#transport = transport
    this.#onChange = onChange
  }

  add(view: NodeView): void {
    this.#views.set(view.number, view)
  }

  all(): NodeView[] {
    return [...this.#views.values()]
  }

  get(number: number): NodeView | undefined {
    return this.#views.get(number)
  }

  /** Those that do not answer now. */
  away(): number[] {
    return this.all().flatMap(({ number }) => (this.isOnline(number) ? [] : [number]))
  }

  /** It answers. */
  isOnline(number: number): boolean {
    const state = this.#views.get(number)?.state
    return state === 'online' || state === 'suspect'
  }

  /** That it told of, since its disk was mounted. */
  readErrorsOf(number: number): number {
    return this.#readErrors.get(number) ?? 0
  }

  store(number: number): ShardStore {
    return this.#transport.link(number)
  }

  /** The one rule of who takes a shard of this length. Those that are silent do: they may only pause. */
  takers(shardBytes: number): NodeView[] {
    return this.all().filter(({ writable, weight, freeBytes }) => writable && weight > 0 && freeBytes >= shardBytes)
  }

  isSilent(number: number): boolean {
    return (this.#silent.get(number) ?? 0) > 0
  }

  /**
   * For placement: those that take a shard of this length, of these only who answers at once, or with `all` every node, as room for
   * what will be repaired later. One that cannot take it is given as if it had room: what is placed there is only expected of it.
   */
  candidates(which: 'answering' | 'takers' | 'all', shardBytes: number): PlacementNode[] {
    const takers = this.takers(shardBytes)
    if (which === 'answering') return takers.filter(({ number }) => !this.isSilent(number))
    if (which === 'takers') return takers
    const taking = new Set(takers.map(({ number }) => number))
    return this.all().map((node) => (taking.has(node.number) ? node : { ...node, freeBytes: Number.MAX_SAFE_INTEGER }))
  }

  /** What a failed call says of the node, at once; `refresh` finds out the rest. */
  noteFailure(number: number, error: unknown): void {
    if (hasCode(error, 'disk_full')) this.#set(number, { writable: false })
    else if (hasCode(error, 'disk_failed')) this.#set(number, { state: 'failed', writable: false })
    else if (hasCode(error, 'node_unavailable', 'disk_foreign'))
      this.#set(number, { state: 'offline', writable: false })
  }

  /** A node does not answer a put: until that one has ended, others are asked before it. */
  noteSilence(number: number, put: Promise<boolean>): void {
    countUntilEnd(this.#silent, number, put)
  }

  /** A node is taken to hang on a put: it takes no new ones until that one has ended, and the node is asked again and answers. */
  noteHang(number: number, put: Promise<boolean>): void {
    countUntilEnd(this.#hung, number, put)
    this.#set(number, { writable: false })
  }

  /** Asks every node how it is. */
  async refresh(): Promise<void> {
    await Promise.all(this.all().map((node) => this.#refresh(node.number)))
  }

  async #refresh(number: number): Promise<void> {
    let report: NodeReport
    try {
      report = await this.#transport.link(number).report({ endsFrom: NO_SEGMENT })
    } catch {
      this.#set(number, { state: 'offline', writable: false })
      return
    }
    const { capacityBytes, freeBytes } = report
    this.#readErrors.set(number, report.readErrors)
    const isHung = (this.#hung.get(number) ?? 0) > 0
    const state = STATES[report.state]
    this.#set(number, { state, writable: report.state === 'online' && !isHung, capacityBytes, freeBytes })
  }

  #set(number: number, change: Partial<NodeView>): void {
    const before = this.#views.get(number)
    if (before === undefined) return
    const after = { ...before, ...change }
    this.#views.set(number, after)
    if (before.state !== after.state || before.writable !== after.writable) this.#onChange(before, after)
  }
}

/** Counts a put as long as it lasts. */
function countUntilEnd(counts: Map<number, number>, number: number, put: Promise<boolean>): void {
  const count = (change: number): unknown => counts.set(number, (counts.get(number) ?? 0) + change)
  count(1)
  put.then(() => count(-1)).catch(() => {})
}
