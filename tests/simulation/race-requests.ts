/**
 * Several clients change one path at once. With the same precondition at most one of them wins. Without, the last to be committed
 * stays, and the ids of versions tell which that was.
 */
import type { Id } from '@holdfast/core/wire/ids.ts'
import { type PutPlan, somePut, upload } from './change-requests.ts'
import type { Contents } from './contents.ts'
import type { PathModel, State, Version } from './model.ts'
import { type Change, type Context, refusalOf, settle } from './request.ts'
import type { SeededRandom } from './seeded-random.ts'
import { demand } from './violation.ts'

interface Entrant {
  readonly version: Version
  readonly plan: PutPlan
}

type Outcome = { readonly won: Id; readonly state: State } | { readonly refused: string }

export class Race implements Change {
  readonly what: string
  readonly paths: readonly PathModel[]
  readonly #path: PathModel
  readonly #before: State
  readonly #entrants: readonly Entrant[]
  readonly #isGuarded: boolean
  readonly #deletes: boolean

  constructor(path: PathModel, random: SeededRandom, contents: Contents) {
    const before = path.only
    this.#path = path
    this.paths = [path]
    this.#before = before
    this.#isGuarded = random.chance(0.6)
    this.#deletes = !this.#isGuarded && random.chance(0.4)
    const ifMatch = before === 'absent' || before.id === undefined ? undefined : [before.id]
    const guard = ifMatch === undefined ? { ifNoneMatch: ['*' as const] } : { ifMatch }
    this.#entrants = Array.from({ length: random.whole(2, 4) }, () => {
      const content = contents.fresh()
      const plan = { ...somePut(random, content, ''), key: undefined, preconditions: this.#isGuarded ? guard : {} }
      return { version: { content, id: undefined, file: undefined }, plan }
    })
    this.what = `race of ${this.#entrants.length} for ${path.name}, guarded ${this.#isGuarded}, deletes ${this.#deletes}`
    path.isRaced = true
    path.set([before, ...this.#entrants.map(({ version }) => version), ...(this.#deletes ? ['absent' as const] : [])])
  }

  async run(context: Context): Promise<string> {
    const path = this.#path
    const puts = this.#entrants.map((entrant) => this.#put(context, entrant))
    const outcomes = await Promise.all(this.#deletes ? [...puts, this.#delete(context)] : puts)
    const wins = outcomes.filter((outcome) => 'won' in outcome).sort((one, other) => (one.won < other.won ? -1 : 1))
    const failed = outcomes.some((outcome) => 'refused' in outcome && outcome.refused === 'precondition_failed')
    demand(!this.#isGuarded || wins.length <= 1, `${this.what} has one winner`)
    demand(wins.length > 0 || !failed, `${this.what} has a winner where someone lost`)
    for (const { version } of this.#entrants) {
      const isKnown = wins.some(({ state }) => state === version)
      demand(isKnown || version.id === undefined, `${this.what}: ${version.id} was seen, and then refused`)
    }
    path.isRaced = false
    path.set([wins.at(-1)?.state ?? this.#before])
    return `${wins.length} of ${outcomes.length}`
  }

  /** Whoever was committed and overwritten is in the history, and nobody was told of it. */
  async lookUp(context: Context): Promise<boolean> {
    for (const { version } of this.#entrants) this.#path.bucket.maybe.add(version.content.sha256)
    await settle(context, this.#path)
    this.#path.isRaced = false
    return true
  }

  async #put(context: Context, { version, plan }: Entrant): Promise<Outcome> {
    const path = this.#path
    await context.sleep(context.random.between(0, 4))
    try {
      const { answer } = await upload(context, path, plan)
      path.bucket.learn(path, version, answer)
      return { won: answer.versionId, state: version }
    } catch (error) {
      return { refused: refusalOf(error, this.what, ...(this.#isGuarded ? (['precondition_failed'] as const) : [])) }
    }
  }

  async #delete(context: Context): Promise<Outcome> {
    const { bucket, path } = this.#path
    await context.sleep(context.random.between(0, 20))
    try {
      const scope = { idempotencyKey: undefined, idempotencyScope: '' }
      const request = { bucket: bucket.name, path, preconditions: {}, ...scope, requester: context.requester }
      const { versionId } = await context.gateway.names.delete(request)
      return { won: versionId, state: 'absent' }
    } catch (error) {
      return { refused: refusalOf(error, this.what, 'file_not_found') }
    }
  }
}
