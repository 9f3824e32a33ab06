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

export type NodeState = 'online' | 'offline' | 'failed'

export interface NodeView {
  readonly number: number
  readonly id: Id
  readonly name: string
  readonly zone: string
  readonly region: string
  readonly weight: number
  readonly state: NodeState
  /** Takes new shards: online, and with room. */
  readonly writable: boolean
  readonly capacityBytes: number
  readonly freeBytes: number
}

export type NodeChange = (before: NodeView, after: NodeView) => void

export class Nodes {
  readonly #transport: Transport
  readonly #onChange: NodeChange
  readonly #views = new Map<number, NodeView>()
  /** Puts that a node is silent on, by its number. */
  readonly #silent = new Map<number, number>()

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

  isOnline(number: number): boolean {
    return this.#views.get(number)?.state === 'online'
  }

  store(number: number): ShardStore {
    return this.#transport.link(number)
  }

  /**
   * For placement: those that take a shard of this length now, or with `all` every node, as room for what will be repaired later.
   * One that cannot take it is given as if it had room: what is placed there is only expected of it.
   */
  candidates(which: 'takers' | 'all', shardBytes: number): PlacementNode[] {
    return this.all()
      .map((node) => ({ ...node, takes: this.takes(node.number, shardBytes) }))
      .filter(({ takes }) => which === 'all' || takes)
      .map(({ number, zone, freeBytes, weight, takes }) => {
        return { number, zone, weight, freeBytes: takes ? freeBytes : Number.MAX_SAFE_INTEGER }
      })
  }

  takes(number: number, shardBytes: number): boolean {
    const node = this.#views.get(number)
    return node?.writable === true && node.weight > 0 && node.freeBytes >= shardBytes
  }

  /** What a failed call says of the node, at once; `refresh` finds out the rest. */
  noteFailure(number: number, error: unknown): void {
    if (hasCode(error, 'disk_full')) this.#set(number, { writable: false })
    else if (hasCode(error, 'disk_failed')) this.#set(number, { state: 'failed', writable: false })
    else if (hasCode(error, 'node_unavailable', 'disk_foreign'))
      this.#set(number, { state: 'offline', writable: false })
  }

  /** A node that does not answer a put takes no new ones until that one has come to an end, and the node is asked again and answers. */
  noteSilence(number: number, put: Promise<boolean>): void {
    const count = (change: number): void => {
      this.#silent.set(number, (this.#silent.get(number) ?? 0) + change)
    }
    count(1)
    this.#set(number, { writable: false })
    put.then(() => count(-1)).catch(() => {})
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
    const state = report.state === 'failed' ? 'failed' : report.state === 'absent' ? 'offline' : 'online'
    const isSilent = (this.#silent.get(number) ?? 0) > 0
    this.#set(number, { state, writable: report.state === 'online' && !isSilent, capacityBytes, freeBytes })
  }

  #set(number: number, change: Partial<NodeView>): void {
    const before = this.#views.get(number)
    if (before === undefined) return
    const after = { ...before, ...change }
    this.#views.set(number, after)
    if (before.state !== after.state || before.writable !== after.writable) this.#onChange(before, after)
  }
}
