/**
 * What goes wrong, and when. Each run draws which faults it has and how often, so that some are met alone and some in every
 * company. Whatever happens here is undone by `calm`, except that doomed nodes stay damaged or lost.
 */
import type { Clients } from './clients.ts'
import type { SimulatedCluster } from './cluster.ts'
import type { SeededRandom } from './seeded-random.ts'
import type { SimulatedNode } from './simulated-node.ts'
import { CALM_NETWORK, type Cut } from './simulated-transport.ts'
import type { Timeline } from './timeline.ts'
import type { Trace } from './trace.ts'
import { demand } from './violation.ts'

const HOUR_MS = 3600_000
const COMES_UP_MS_MAX = 30_000
/** Longer than any read may take. */
const HANGS_MS_MAX = 90_000

type Fault = () => void

export class Chaos {
  readonly #cluster: SimulatedCluster
  readonly #clients: Clients
  readonly #timeline: Timeline
  readonly #random: SeededRandom
  readonly #trace: Trace
  /** How likely a step meets a fault. */
  readonly #rate: number
  readonly #faults: readonly Fault[]
  readonly #goOn = new Map<SimulatedNode, () => void>()
  #isCalm = false

  constructor(
    cluster: SimulatedCluster,
    clients: Clients,
    { timeline, random, trace }: { timeline: Timeline; random: SeededRandom; trace: Trace },
  ) {
    this.#cluster = cluster
    this.#clients = clients
    this.#timeline = timeline
    this.#random = random
    this.#trace = trace
    this.#rate = random.between(0.05, 0.3)
    const all: Fault[] = [
      () => this.#soon(() => this.#crashNode('power')),
      () => this.#soon(() => this.#crashNode('kill')),
      () => this.#soon(() => this.#crashSeveral()),
      () => this.#soon(() => this.#crashGateway()),
      () => this.#soon(() => this.#crashEverything('power')),
      () => this.#soon(() => this.#crashEverything('kill')),
      () => this.#pullDrive(),
      () => this.#cutLink(),
      () => this.#badNetwork(),
      () => this.#wrongAnswers(),
      () => this.#badDisk(),
      () => this.#hangReads(),
      () => this.#fillDisk(),
      () => this.#jumpClock(),
      () => this.#compact(),
      () => this.#flipBits(),
      () => this.#loseDisk(),
    ]
    const chosen = all.filter(() => random.chance(0.5))
    this.#faults = chosen.length > 0 ? chosen : all
  }

  step(): void {
    this.#isCalm = false
    if (this.#random.chance(this.#rate)) this.#random.pick(this.#faults)()
  }

  /** Takes back what can be taken back, and starts what is down. Ends when all of it is up. */
  async calm(): Promise<void> {
    this.#isCalm = true
    const { network, nodes } = this.#cluster
    network.cuts.clear()
    network.rates = CALM_NETWORK
    for (const [node, goOn] of this.#goOn) if (!node.isDoomed) goOn()
    for (const node of nodes) {
      node.disk.rates = {}
      node.disk.fillBytes = 0
      if (node.isGone) continue
      if (node.isAway) node.setAway(false)
      const { state } = (await this.#reportOf(node)) ?? {}
      if (state !== 'online') this.#restart(node, 'kill', 0)
    }
    await this.#startGateway()
    while (this.#cluster.gateway === undefined) await this.#timeline.sleep(100)
    const giveUpAtMs = this.#timeline.nowMs + COMES_UP_MS_MAX
    for (const node of nodes) {
      while (!node.isUp && !node.isGone) {
        demand(this.#timeline.nowMs < giveUpAtMs, `${node.name} comes up again`)
        await this.#timeline.sleep(100)
      }
    }
  }

  async #reportOf(node: SimulatedNode) {
    return node.store && (await node.life.outlive(node.store.report()))
  }

  /** Mostly short, so that a run sees many; now and then longer than any timeout. */
  #outageMs(): number {
    return 10 + 12_000 * this.#random.float() ** 4
  }

  #node(): SimulatedNode {
    return this.#random.pick(this.#cluster.nodes)
  }

  /** Now, or right after somebody was told that something is done. */
  #soon(act: () => void): void {
    if (this.#random.chance(0.4)) act()
    else
      this.#clients.atNextAcknowledgement(() =>
        this.#timeline.after(this.#random.between(0, 4), () => this.#inTheStorm(act)),
      )
  }

  #inTheStorm(act: () => void): void {
    if (!this.#isCalm) act()
  }

  #crashNode(how: 'power' | 'kill'): void {
    const node = this.#node()
    this.#trace.fault(`node ${how}`, node.name)
    this.#restart(node, how, this.#outageMs())
  }

  /** More than a stripe can spare, now and then. */
  #crashSeveral(): void {
    const nodes = this.#random.shuffled(this.#cluster.nodes).slice(0, this.#random.whole(2, 4))
    this.#trace.fault('several nodes', nodes.map(({ name }) => name).join(' '))
    for (const node of nodes) this.#restart(node, 'power', this.#outageMs())
  }

  #crashGateway(): void {
    if (this.#cluster.clock.isOver) return
    this.#trace.fault('gateway crash')
    this.#stopGateway()
    this.#timeline.after(this.#random.between(10, 500), () => this.#startGatewaySoon())
  }

  /** The one machine that all of it runs on. */
  #crashEverything(how: 'power' | 'kill'): void {
    if (this.#cluster.clock.isOver) return
    this.#trace.fault(`machine ${how}`)
    this.#stopGateway()
    for (const node of this.#cluster.nodes) this.#restart(node, how, this.#random.between(0, 100))
    this.#timeline.after(this.#random.between(150, 500), () => this.#startGatewaySoon())
  }

  #pullDrive(): void {
    const node = this.#node()
    if (node.isAway) return
    this.#trace.fault('drive away', node.name)
    node.setAway(true)
    this.#timeline.after(this.#outageMs(), () => {
      if (!node.isGone) node.setAway(false)
    })
  }

  #cutLink(): void {
    const { cuts } = this.#cluster.network
    const isWide = this.#random.chance(0.2)
    const nodes = isWide
      ? this.#random.shuffled(this.#cluster.nodes).slice(0, this.#random.whole(2, 4))
      : [this.#node()]
    const cut = this.#random.pick<Cut>(['both', 'both', 'requests', 'answers'])
    for (const node of nodes) {
      this.#trace.fault(`partition ${cut}`, node.name)
      cuts.set(node, cut)
      this.#timeline.after(this.#outageMs(), () => cuts.delete(node))
    }
  }

  #badNetwork(): void {
    const { network } = this.#cluster
    const rate = (): number => (this.#random.chance(0.5) ? this.#random.between(0, 0.05) : 0)
    network.rates = {
      lostRequest: rate(),
      lostAnswer: rate(),
      secondCopy: 3 * rate(),
      lateRequest: 3 * rate(),
      slowMessage: 2 * rate(),
      flippedAnswer: 0,
    }
    this.#trace.line(`network ${JSON.stringify(network.rates)}`)
    this.#timeline.after(this.#random.between(200, 4000), () => {
      network.rates = CALM_NETWORK
    })
  }

  /** Doomed nodes answer with other bytes than they have checked. */
  #wrongAnswers(): void {
    const { network } = this.#cluster
    network.rates = { ...network.rates, flippedAnswer: this.#random.between(0.1, 1) }
    this.#timeline.after(this.#outageMs(), () => {
      network.rates = { ...network.rates, flippedAnswer: 0 }
    })
  }

  /** Reads fail for good on doomed nodes only, for what cannot be read counts as damaged. */
  #badDisk(): void {
    const node = this.#node()
    const rate = (): number => (this.#random.chance(0.5) ? this.#random.between(0, 0.1) : 0)
    const rates = { writeError: rate(), partialWrite: rate(), syncError: rate(), slow: rate() }
    node.disk.rates = node.isDoomed ? { ...rates, readError: 3 * rate() } : rates
    this.#trace.line(`disk of ${node.name} ${JSON.stringify(node.disk.rates)}`)
    this.#timeline.after(this.#random.between(100, 2000), () => {
      node.disk.rates = {}
      // Whoever looks after the machine replaces a process that does not write any more.
      this.#timeline.after(this.#random.between(500, 4000), () => this.#restart(node, 'kill', 100))
    })
  }

  /** Of doomed nodes in a calm too, for all that is asked there is to be had without them. */
  #hangReads(): void {
    const node = this.#node()
    const { hangs } = this.#cluster.network
    if (hangs.has(node)) return
    this.#trace.fault('hung reads', node.name)
    const { promise, resolve } = Promise.withResolvers<void>()
    const goOn = (): void => {
      if (hangs.get(node) === promise) hangs.delete(node)
      resolve()
    }
    hangs.set(node, promise)
    this.#goOn.set(node, goOn)
    this.#timeline.after(this.#random.between(0, HANGS_MS_MAX), goOn)
  }

  /** Somebody else fills the disk, and tidies up later. */
  #fillDisk(): void {
    const node = this.#node()
    this.#trace.fault('disk full', node.name)
    node.disk.fillBytes = Number.MAX_SAFE_INTEGER
    this.#timeline.after(this.#outageMs(), () => {
      node.disk.fillBytes = 0
    })
  }

  #jumpClock(): void {
    const jumpMs = this.#random.pick([-1, 1]) * this.#random.between(0, HOUR_MS)
    this.#trace.fault('clock jump', `${Math.round(jumpMs)} ms`)
    this.#timeline.wallOffsetMs += jumpMs
  }

  #compact(): void {
    const node = this.#node()
    this.#trace.fault('compaction', node.name)
    node.compact()
  }

  #flipBits(): void {
    const node = this.#doomed()
    if (node === undefined) return
    for (let left = this.#random.whole(1, 5); left > 0; left--) node.flipBit()
  }

  #loseDisk(): void {
    const node = this.#doomed()
    if (node === undefined || this.#random.chance(0.7)) return
    this.#trace.fault('disk lost', node.name)
    node.lose()
  }

  #doomed(): SimulatedNode | undefined {
    return this.#random.shuffled(this.#cluster.nodes.filter(({ isDoomed, isGone }) => isDoomed && !isGone))[0]
  }

  #restart(node: SimulatedNode, how: 'power' | 'kill', afterMs: number): void {
    node.crash(how)
    const { life } = node
    this.#timeline.after(afterMs, () => {
      // Who came first starts it.
      if (node.life !== life) return
      this.#cluster.startNode(node).catch((error: unknown) => this.#cluster.noteBug(error))
    })
  }

  #stopGateway(): void {
    this.#cluster.crashGateway()
    this.#clients.loseAnswers()
  }

  #startGatewaySoon(): void {
    this.#startGateway().catch((error: unknown) => this.#cluster.noteBug(error))
  }

  async #startGateway(): Promise<void> {
    if (this.#cluster.clock.isOver) await this.#cluster.startGateway()
  }
}
