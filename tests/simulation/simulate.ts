/**
 * One run, from one seed: a cluster, its clients and its bad luck. Every step asks for something, perhaps breaks something, and
 * reads something. Now and then there is a calm: all that can come back does, and everything is read. The last calm lasts
 * until collection has nothing left to do.
 */
import { Chaos } from './chaos.ts'
import { Clients } from './clients.ts'
import { type Sabotage, SimulatedCluster } from './cluster.ts'
import { Contents } from './contents.ts'
import { BucketModel } from './model.ts'
import { SeededRandom } from './seeded-random.ts'
import type { ComputeMemory } from './simulated-compute.ts'
import { StoredChecks } from './stored-checks.ts'
import { Timeline } from './timeline.ts'
import { Trace } from './trace.ts'
import { demand, Violation } from './violation.ts'

export const STEPS_DEFAULT = 120
const STEPS_BETWEEN_CALMS = 60
const UNDER_WAY_MAX = 8
const LARGE_CONTENTS_MAX = 2
/** How long a calm may take until the last answer is there: timeouts, and then the look-ups of what was lost. */
const CALM_MS_MAX = 10 * 60_000
const REAPER_TURNS_MAX = 200
const MiB = 1024 * 1024
const SHARD_ROOM_BYTES = 12 * MiB

export interface RunOptions {
  readonly seed: number
  readonly steps: number
  readonly memory: ComputeMemory
  readonly sabotage?: Sabotage
  readonly onLine?: (line: string) => void
}

export interface RunResult {
  readonly seed: number
  readonly hash: string
  readonly virtualMs: number
  readonly faults: ReadonlyMap<string, number>
  readonly answers: ReadonlyMap<string, number>
  /** What must never be, and was. */
  readonly failure: unknown
  readonly tail: readonly string[]
}

export async function simulate({ seed, steps, memory, sabotage = {}, onLine }: RunOptions): Promise<RunResult> {
  const timeline = new Timeline()
  const trace = new Trace(() => timeline.nowMs, onLine)
  const random = new SeededRandom(`seed ${seed}`)
  const capacityBytes = random.fork('capacity').chance(0.2) ? 24 * MiB : 1024 * MiB
  // Every stripe can spare two; with a third some files may be refused for good, and still nothing wrong may be served.
  const doomed = random.fork('doomed').pick([0, 1, 2, 2, 2, 3])
  // So few that a node which was away for long is walked.
  const deadSessionsMax = random.fork('dead sessions').pick([2, 100])
  using cluster = new SimulatedCluster({
    random,
    timeline,
    trace,
    memory,
    doomed,
    capacityBytes,
    deadSessionsMax,
    sabotage,
  })
  const run = new Run({ steps, timeline, trace, random, cluster, deadSessionsMax })
  const onRejection = (error: unknown): void => cluster.noteBug(error)
  process.on('unhandledRejection', onRejection)
  let failure: unknown
  try {
    await timeline.until(run.live())
  } catch (error) {
    failure = error
  } finally {
    process.off('unhandledRejection', onRejection)
  }
  failure ??= cluster.bug
  for (const node of cluster.nodes)
    for (const [fault, times] of node.disk.fired) trace.faults.set(fault, (trace.faults.get(fault) ?? 0) + times)
  const { faults, answers, tail } = trace
  return { seed, hash: trace.digest(), virtualMs: timeline.nowMs, faults, answers, failure, tail }
}

class Run {
  readonly #steps: number
  readonly #deadSessionsMax: number
  readonly #timeline: Timeline
  readonly #trace: Trace
  readonly #random: SeededRandom
  readonly #cluster: SimulatedCluster
  readonly #clients: Clients
  readonly #chaos: Chaos
  readonly #checks: StoredChecks
  readonly #buckets: readonly BucketModel[]

  constructor(options: {
    steps: number
    timeline: Timeline
    trace: Trace
    random: SeededRandom
    cluster: SimulatedCluster
    deadSessionsMax: number
  }) {
    const { timeline, trace, random, cluster } = options
    this.#steps = options.steps
    this.#deadSessionsMax = options.deadSessionsMax
    this.#timeline = timeline
    this.#trace = trace
    this.#random = random.fork('steps')
    this.#cluster = cluster
    const paths = ['a', 'b', 'c/d', 'c/e', 'f/g/h', 'ü']
    this.#buckets = [
      new BucketModel({ name: 'wide', versionsKept: 100, dataShards: 3, paths }),
      new BucketModel({ name: 'pairs', versionsKept: 4, dataShards: 2, paths }),
      new BucketModel({ name: 'copies', versionsKept: 2, dataShards: 1, paths }),
    ]
    const contents = new Contents(random.fork('contents'), LARGE_CONTENTS_MAX)
    this.#clients = new Clients(cluster, this.#buckets, { random: random.fork('clients'), contents, trace })
    this.#chaos = new Chaos(cluster, this.#clients, { timeline, random: random.fork('chaos'), trace })
    this.#checks = new StoredChecks(cluster, trace)
  }

  async live(): Promise<void> {
    await this.#cluster.open()
    await this.#makeBuckets()
    for (let step = 1; step <= this.#steps; step++) {
      await this.#timeline.sleep(this.#random.between(0, this.#random.chance(0.05) ? 2000 : 30))
      this.#clients.lookUpLost()
      if (this.#clients.underWay < UNDER_WAY_MAX) this.#clients.ask()
      this.#chaos.step()
      this.#clients.look()
      this.#assertNoBug()
      if (step % STEPS_BETWEEN_CALMS === 0 && step < this.#steps) await this.#calm()
    }
    await this.#calm()
    await this.#clients.writeEverywhere(this.#takers())
    await this.#collect()
    await this.#readAll()
    await this.#checks.noDebris()
    await this.#comeTooLate()
    this.#checks.deadSessionsAreFew(this.#deadSessionsMax)
    this.#assertNoBug()
  }

  async #makeBuckets(): Promise<void> {
    const { gateway } = this.#cluster
    demand(gateway !== undefined, 'a gateway is there')
    for (const { name, versionsKept, dataShards } of this.#buckets) {
      const chunking = this.#random.pick([
        { minBytes: 4096, averageBytes: 16_384, maxBytes: 65_536 },
        { minBytes: 16_384, averageBytes: 65_536, maxBytes: 262_144 },
      ])
      const redundancy = { data: dataShards, parity: 2 }
      const compression = this.#random.pick(['auto', 'off'] as const)
      const asked = { redundancy, chunking, versionsKept, compression }
      await gateway.buckets.create(name, asked, { principal: 'admin', requestId: 'start' })
    }
  }

  /** Everything that was asked is answered, and everything that was stored is read. */
  async #calm(): Promise<void> {
    this.#trace.line('calm')
    await this.#chaos.calm()
    const giveUpAtMs = this.#timeline.nowMs + CALM_MS_MAX
    while (!this.#clients.areSettled) {
      demand(this.#timeline.nowMs < giveUpAtMs, 'every request is answered in the end')
      this.#clients.lookUpLost()
      await this.#timeline.sleep(500)
      this.#assertNoBug()
    }
    // What is late has arrived, every node was looked at, and stripes let go of their memory.
    await this.#timeline.sleep(12_000)
    // A process that met a failure of its disk in the last moment does not write any more.
    await this.#chaos.calm()
    await this.#timeline.sleep(2500)
    demand(this.#cluster.heldSlots === 0, `${this.#cluster.heldSlots} stripes keep their memory for ever`)
    await this.#checks.everyDurableShardIsWhole()
    await this.#readAll()
    this.#assertNoBug()
    this.#trace.line('the calm is over')
  }

  async #readAll(): Promise<void> {
    await this.#clients.readEverything((path, code, version) => this.#checks.isRefusedWithReason(path, code, version))
  }

  /** What was held back all the time comes to nodes that have started since they were compared, and that nobody compares any more. */
  async #comeTooLate(): Promise<void> {
    this.#trace.line('what is late comes last')
    for (const node of this.#cluster.nodes) node.crash('kill')
    for (const node of this.#cluster.nodes) await this.#cluster.startNode(node)
    this.#cluster.network.letGo()
    await this.#timeline.sleep(5000)
    await this.#collect()
    await this.#checks.noDebris()
  }

  /** Nodes that are up, with room for any shard. */
  #takers(): number {
    const views = this.#cluster.views?.all() ?? []
    return views.filter(({ writable, freeBytes }) => writable && freeBytes > SHARD_ROOM_BYTES).length
  }

  async #collect(): Promise<void> {
    const { gateway } = this.#cluster
    demand(gateway !== undefined, 'a gateway is there')
    for (let turn = 0; turn < REAPER_TURNS_MAX; turn++) {
      const { chunks, pages, stripes, debris } = await gateway.reaper.run()
      await this.#timeline.sleep(1000)
      if (chunks + pages + stripes + debris === 0 && turn > 3 && this.#checks.isQuiescent()) return
    }
    throw new Violation('collection comes to its end')
  }

  #assertNoBug(): void {
    if (this.#cluster.bug !== undefined) throw this.#cluster.bug
  }
}
