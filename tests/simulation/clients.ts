/**
 * Clients, several at once. Each asks the gateway for something and compares the answer with the model. Where the gateway
 * crashes, no answer comes; what was under way is then looked up as soon as a gateway is there again.
 */
import type { Id } from '@holdfast/core/wire/ids.ts'
import { Delete, Put, somePreconditions, somePut } from './change-requests.ts'
import type { SimulatedCluster } from './cluster.ts'
import type { Contents } from './contents.ts'
import { listBucket, listHistory } from './list-requests.ts'
import type { BucketModel, FileModel, PathModel } from './model.ts'
import { Move, Restore } from './name-requests.ts'
import { Race } from './race-requests.ts'
import { readPath, readVersion } from './read-requests.ts'
import type { Change, Context } from './request.ts'
import type { SeededRandom } from './seeded-random.ts'
import type { Trace } from './trace.ts'
import { demand } from './violation.ts'

export interface Asked {
  readonly what: string
  readonly change: Change | undefined
}

const REQUESTER = { principal: 'admin', requestId: 'a request' }

export class Clients {
  readonly #cluster: SimulatedCluster
  readonly #random: SeededRandom
  readonly #contents: Contents
  readonly #trace: Trace
  readonly buckets: readonly BucketModel[]
  /** Whose answer is awaited from the gateway that lives. */
  #underWay = new Set<Asked>()
  /** Changes whose answer was lost. */
  #lost: Change[] = []
  #keys = 0
  #onAcknowledged: (() => void) | undefined

  constructor(
    cluster: SimulatedCluster,
    buckets: readonly BucketModel[],
    seams: { random: SeededRandom; contents: Contents; trace: Trace },
  ) {
    this.#cluster = cluster
    this.buckets = buckets
    this.#random = seams.random
    this.#contents = seams.contents
    this.#trace = seams.trace
  }

  get underWay(): number {
    return this.#underWay.size
  }

  get areSettled(): boolean {
    return this.#underWay.size === 0 && this.#lost.length === 0
  }

  /** Asks for something at random, and does not wait. */
  ask(): void {
    const context = this.#context()
    if (context === undefined) return
    const random = this.#random
    const luck = random.float()
    if (luck < 0.28) this.look()
    else if (luck < 0.35) this.#readOld(context)
    else if (luck < 0.37) this.#begin('list', () => listBucket(context, random.pick(this.buckets)))
    else if (luck < 0.39) this.#history(context)
    else {
      const change = this.#someChange(luck)
      if (change !== undefined) this.#change(change, context)
    }
  }

  /** Reads something: the invariant after each step. */
  look(): void {
    const context = this.#context()
    if (context !== undefined) this.#begin('read', () => readPath(context, this.#random.pick(this.#paths())))
  }

  /** Calls `act` once, at the next change that is acknowledged: the moment when a promise is young. */
  atNextAcknowledgement(act: () => void): void {
    this.#onAcknowledged = act
  }

  /** The gateway has crashed: nobody will hear from it again. */
  loseAnswers(): void {
    for (const { change } of this.#underWay) if (change !== undefined) this.#lost.push(change)
    this.#underWay = new Set()
  }

  /** Asks what has become of the changes whose answer was lost. */
  lookUpLost(): void {
    const context = this.#context()
    if (context === undefined) return
    const lost = this.#lost
    this.#lost = []
    for (const change of lost) {
      const act = async (): Promise<string> => {
        if (!(await change.lookUp(context))) {
          this.#lost.push(change)
          return 'not yet'
        }
        free(change)
        return 'known'
      }
      this.#begin(`look up ${change.what}`, act, change)
    }
  }

  /** Every path and every version that is kept, whole, and what is listed; as soon as all are settled. */
  async readEverything(onRefusal: (path: PathModel, code: string, version?: Id) => Promise<void>): Promise<void> {
    const context = this.#context()
    demand(context !== undefined && this.areSettled, 'everything is read in a calm')
    for (const path of this.#paths()) {
      const answer = await readPath(context, path, true)
      if (answer !== 'ok' && answer !== 'absent') await onRefusal(path, answer)
    }
    for (const bucket of this.buckets) {
      await listBucket(context, bucket)
      for (const file of bucket.files.values()) {
        await listHistory(context, file)
        for (const version of keptBesideCurrent(file)) {
          const answer = await readVersion(context, file, version, true)
          this.#trace.answer('kept version', answer)
          if (answer !== 'ok') await onRefusal(file.path, answer, version)
        }
      }
    }
  }

  /** One more put into each bucket that as many nodes can take as a write needs. */
  async writeEverywhere(takers: number): Promise<void> {
    const context = this.#context()
    demand(context !== undefined && this.areSettled, 'everything is written in a calm')
    for (const { paths, dataShards, name } of this.buckets) {
      if (takers <= dataShards) continue
      const plan = { ...somePut(this.#random, this.#contents.fresh(), ''), key: undefined, leavesAfterBytes: Infinity }
      const [path] = paths
      demand(path !== undefined, `${name} has paths`)
      const answer = await new Put(path, { ...plan, preconditions: {} }, true).run(context)
      demand(answer === 'ok', `a put into ${name} is answered ${answer}, and ${takers} nodes can take it`)
    }
  }

  #someChange(luck: number): Change | undefined {
    const random = this.#random
    const free = this.#paths().filter(({ isBusy }) => !isBusy)
    if (free.length === 0) return undefined
    const path = random.pick(free)
    if (luck < 0.78) {
      const { preconditions, met } = somePreconditions(random, path.only)
      const plan = { ...somePut(random, this.#contents.next(), `key ${++this.#keys}`), preconditions }
      return new Put(path, plan, met)
    }
    if (luck < 0.86) return new Delete(path, somePreconditions(random, path.only))
    if (luck < 0.91) {
      const [from] = random.shuffled(free.filter(({ only }) => only !== 'absent' && only.file !== undefined))
      const [to] = random.shuffled(free.filter((each) => each !== from && each.bucket === from?.bucket))
      return from && to && new Move(from, to, random.chance(0.6))
    }
    if (luck < 0.96) {
      const [file] = random.shuffled(this.#files().filter(({ path: { isBusy } }) => !isBusy))
      return file && new Restore(file, random.pick([...file.versions.keys()]))
    }
    return new Race(path, random, this.#contents)
  }

  #change(change: Change, context: Context): void {
    for (const path of change.paths) path.isBusy = true
    const act = async (): Promise<string> => {
      const answer = await change.run(context)
      free(change)
      return answer
    }
    this.#begin(change.what, act, change)
  }

  #readOld(context: Context): void {
    const files = this.#files()
    if (files.length === 0) return
    const file = this.#random.pick(files)
    const version = this.#random.pick([...file.versions.keys()])
    this.#begin('version', () => readVersion(context, file, version))
  }

  #history(context: Context): void {
    const files = this.#files()
    if (files.length === 0) return
    this.#begin('history', () => listHistory(context, this.#random.pick(files)))
  }

  #begin(what: string, act: () => Promise<string>, change?: Change): void {
    const asked: Asked = { what, change }
    this.#underWay.add(asked)
    if (change !== undefined) this.#trace.line(`? ${what}`)
    const kind = what.slice(0, what.indexOf(' ') < 0 ? what.length : what.indexOf(' '))
    act().then(
      (answer) => {
        this.#underWay.delete(asked)
        this.#trace.answer(kind, answer)
        this.#trace.line(`= ${what}: ${answer}`)
        if (change === undefined || answer !== 'ok') return
        this.#onAcknowledged?.()
        this.#onAcknowledged = undefined
      },
      (error: unknown) => this.#cluster.noteBug(error),
    )
  }

  #context(): Context | undefined {
    const { gateway, clock } = this.#cluster
    if (gateway === undefined) return undefined
    return {
      gateway,
      random: this.#random,
      contents: this.#contents,
      buckets: this.buckets,
      sleep: (delayMs) => new Promise((resolve) => clock.after(delayMs, resolve)),
      requester: REQUESTER,
    }
  }

  #paths(): PathModel[] {
    return this.buckets.flatMap(({ paths }) => paths)
  }

  #files(): FileModel[] {
    return this.buckets.flatMap(({ files }) => [...files.values()])
  }
}

/** What a history keeps; the current version is read under its path. */
function keptBesideCurrent(file: FileModel): Id[] {
  const { only } = file.path
  const current = only === 'absent' ? undefined : only.id
  return [...file.versions.keys()].filter((version) => version !== current && !file.mayLack(version))
}

function free(change: Change): void {
  for (const path of change.paths) path.isBusy = false
}
