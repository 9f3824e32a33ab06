/**
 * The network between a gateway and its nodes. A call travels there and its answer back, each with a delay of its own, so that
 * calls overtake each other. Either may be lost; then the caller hears `node_unavailable` after a timeout, and cannot know
 * whether the deed was done. A put or an order may arrive twice, or so late that nobody waits for it any more, and whoever sent it may
 * have died since. A link may be cut, in both directions or in one. Reads at a node may hang, with
 * neither an answer nor a timeout. What is sent is a copy: the caller's memory is its own again as soon as the caller has heard something.
 */
import { HoldfastError } from '@holdfast/core/wire/errors.ts'
import type { Transport } from '@holdfast/server/cluster/nodes.ts'
import type { ShardPut, ShardStore } from '@holdfast/server/storage/shard-store.ts'
import type { SeededRandom } from './seeded-random.ts'
import type { SimulatedNode } from './simulated-node.ts'
import type { Life, Timeline } from './timeline.ts'
import type { Trace } from './trace.ts'

const TIMEOUT_MS = 8000
/** What is late comes at most so much later. */
const LATE_MS_MAX = 40_000
/** The first that are late come last of all, when `letGo` says so. */
const HELD_MAX = 20
/** What a gateway sent outlives it by so much; then its connections are gone. */
const RESET_AFTER_MS = 300

/** How likely each is, per message, from 0 to 1. */
export interface NetworkRates {
  readonly lostRequest: number
  readonly lostAnswer: number
  readonly secondCopy: number
  /** A put or an order that the network holds back. */
  readonly lateRequest: number
  /** An answer that is on its way for long. */
  readonly slowMessage: number
  /** A bit of an answer to a `get` flips behind the node's own checks; on nodes that may be damaged only. */
  readonly flippedAnswer: number
}

export const CALM_NETWORK: NetworkRates = {
  lostRequest: 0,
  lostAnswer: 0,
  secondCopy: 0,
  lateRequest: 0,
  slowMessage: 0,
  flippedAnswer: 0,
}

export type Cut = 'none' | 'both' | 'requests' | 'answers'

/** Protections that a control switches off. */
export interface NetworkSabotage {
  /** True where a put is acknowledged without ever being sent. */
  readonly acknowledges?: (put: ShardPut) => boolean
  /** Nodes are never told which puts are closed. */
  readonly closesNoPuts?: boolean
}

export class SimulatedNetwork {
  readonly #timeline: Timeline
  readonly #random: SeededRandom
  readonly #trace: Trace
  readonly #nodes: readonly SimulatedNode[]
  readonly #onBug: (error: unknown) => void
  readonly #sabotage: NetworkSabotage
  readonly cuts = new Map<SimulatedNode, Cut>()
  /** Reads at these nodes wait for the promise, however long that takes. */
  readonly hangs = new Map<SimulatedNode, Promise<void>>()
  rates: NetworkRates = CALM_NETWORK
  readonly #held: (() => void)[] = []

  constructor(
    seams: { timeline: Timeline; random: SeededRandom; trace: Trace },
    nodes: readonly SimulatedNode[],
    onBug: (error: unknown) => void,
    sabotage: NetworkSabotage = {},
  ) {
    this.#timeline = seams.timeline
    this.#random = seams.random
    this.#trace = seams.trace
    this.#nodes = nodes
    this.#onBug = onBug
    this.#sabotage = sabotage
  }

  /** Now comes what was held back from the first. */
  letGo(): void {
    for (const come of this.#held.splice(0)) come()
  }

  /** As a gateway of this life sees it. */
  transportOf(life: Life): Transport {
    return { link: (number) => this.#link(life, number) }
  }

  #link(life: Life, number: number): ShardStore {
    const node = this.#nodes.find((each) => each.number === number)
    if (node === undefined) throw new HoldfastError('node_unavailable', `there is no node ${number}`)
    const call = <Answer>(
      what: string,
      act: (store: ShardStore) => Promise<Answer>,
      mayComeLate = false,
    ): Promise<Answer> => this.#call(life, node, { what, act, mayComeLate })
    return {
      put: (put) => this.#put(call, put),
      get: async (id, range) => {
        await this.hangs.get(node)
        const bytes = await call('get', (store) => store.get(id, range))
        return this.#arrivedFrom(node, bytes)
      },
      getAsIs: async (id, range) => {
        await this.hangs.get(node)
        const bytes = await call('get as is', (store) => store.getAsIs(id, range))
        return this.#arrivedFrom(node, bytes)
      },
      getNow: (id, range) => {
        if (this.#cutOf(node) !== 'none' || this.hangs.has(node) || this.#random.chance(0.5)) return undefined
        const bytes = node.store?.getNow(id, range)
        return bytes && this.#arrivedFrom(node, bytes)
      },
      delete: (ids, order) => call('delete', (store) => store.delete(ids, order), true),
      purge: (ids, order) =>
        call(
          `purge ${ids.map(({ stripe, index }) => `${stripe} ${index}`).join()}`,
          (store) => store.purge(ids, order),
          true,
        ),
      closePuts: async (below) => {
        if (this.#sabotage.closesNoPuts !== true) await call('close', (store) => store.closePuts(below), true)
      },
      list: (options) => call('list', (store) => store.list(options)),
      report: () => call('report', (store) => store.report()),
      async [Symbol.asyncDispose]() {},
    }
  }

  async #put(
    call: <Answer>(what: string, act: (store: ShardStore) => Promise<Answer>, twice: boolean) => Promise<Answer>,
    put: ShardPut,
  ): ReturnType<ShardStore['put']> {
    if (this.#sabotage.acknowledges?.(put) === true) return { sha256: put.sha256 }
    const { bytes, payloadLength } = put.record
    const sent = bytes.slice()
    // A node writes its header into the bytes that it got, so that each arrival has its own.
    const arrived = (): ShardPut => ({ ...put, record: { bytes: sent.slice(), payloadLength } })
    return await call(`put ${put.id.stripe} ${put.id.index}`, (store) => store.put(arrived()), true)
  }

  #call<Answer>(
    life: Life,
    node: SimulatedNode,
    { what, act, mayComeLate }: { what: string; act: (store: ShardStore) => Promise<Answer>; mayComeLate: boolean },
  ): Promise<Answer> {
    return new Promise<Answer>((resolve, reject) => {
      const lost = (why: string): void => reject(new HoldfastError('node_unavailable', why))
      const timeout = life.after(TIMEOUT_MS, () => lost(`${node.name} did not answer in time`))
      const answer = (settle: () => void): void => {
        this.#travel(node, 'answer', what, () => {
          timeout.cancel()
          if (!life.isOver) settle()
        })
      }
      const arrive = (): void => {
        if (this.#isReset(life)) return
        this.#trace.line(`> ${what} at ${node.name}`)
        this.#ask(node, act).then(
          (value) => answer(() => resolve(value)),
          (error: unknown) => answer(() => reject(error)),
        )
      }
      const comesAgain = (): void => {
        this.#trace.line(`> ${what} at ${node.name}, late`)
        this.#ask(node, act).catch(() => undefined)
      }
      const isLate = mayComeLate && this.#random.chance(this.rates.lateRequest)
      if (!isLate) this.#travel(node, 'request', what, arrive)
      if (!isLate && !(mayComeLate && this.#random.chance(this.rates.secondCopy))) return
      this.#trace.fault(isLate ? 'late request' : 'second copy', `${what} to ${node.name}`)
      const lateByMs = this.#random.between(0, LATE_MS_MAX)
      if (isLate && this.#held.length < HELD_MAX) this.#held.push(comesAgain)
      else this.#timeline.after(lateByMs, comesAgain)
    })
  }

  /** What comes of a request that has arrived. Anything but an answer or an expected failure is a bug of the node. */
  async #ask<Answer>(node: SimulatedNode, act: (store: ShardStore) => Promise<Answer>): Promise<Answer> {
    const { store, life } = node
    if (store === undefined) throw new HoldfastError('node_unavailable', `${node.name} is down`)
    try {
      const done = await life.outlive(act(store).then((answer) => ({ answer })))
      if (done === undefined) throw new HoldfastError('node_unavailable', `${node.name} went down`)
      return done.answer
    } catch (error) {
      if (!(error instanceof HoldfastError)) this.#onBug(error)
      throw error
    }
  }

  #travel(node: SimulatedNode, direction: 'request' | 'answer', what: string, arrive: () => void): void {
    const { lostRequest, lostAnswer, slowMessage } = this.rates
    if (this.#random.chance(direction === 'request' ? lostRequest : lostAnswer)) {
      this.#trace.fault(`lost ${direction}`, `${what}, ${node.name}`)
      return
    }
    const isSlow = this.#random.chance(slowMessage)
    if (isSlow) this.#trace.fault('slow message', `${direction} of ${what}, ${node.name}`)
    const delayMs = isSlow ? this.#random.between(20, 4000) : this.#random.between(0.05, 1)
    this.#timeline.after(delayMs, () => {
      const cut = this.#cutOf(node)
      if (
        cut === 'none' ||
        (cut === 'requests' && direction === 'answer') ||
        (cut === 'answers' && direction === 'request')
      ) {
        arrive()
      } else this.#trace.fault('cut message', `${direction} of ${what}, ${node.name}`)
    })
  }

  #isReset(life: Life): boolean {
    return life.endedAtMs !== undefined && this.#timeline.nowMs > life.endedAtMs + RESET_AFTER_MS
  }

  #cutOf(node: SimulatedNode): Cut {
    return this.cuts.get(node) ?? 'none'
  }

  #arrivedFrom(node: SimulatedNode, bytes: Uint8Array): Uint8Array {
    if (!node.isDoomed || bytes.length === 0 || !this.#random.chance(this.rates.flippedAnswer)) return bytes
    this.#trace.fault('flipped answer', node.name)
    const flipped = bytes.slice()
    const at = this.#random.whole(0, bytes.length - 1)
    flipped[at] = (flipped[at] ?? 0) ^ (1 << this.#random.whole(0, 7))
    return flipped
  }
}
