/**
 * A *job* is work that may outlast the connection over which it was asked for: who asks gets it as it begins, and looks how it fares as
 * often as they like. These are the jobs of this process, the ended ones for as long as they are among the last; a restart forgets them,
 * and what they have done stays done.
 */
import { AssertionError } from '@holdfast/core/wire/assert.ts'
import { HoldfastError } from '@holdfast/core/wire/errors.ts'
import type { IdMaker } from '@holdfast/core/wire/ids.ts'
import type { Job } from '@holdfast/core/wire/rest/job.ts'
import { INTERNAL_ERROR, INTERNAL_ERROR_TITLE } from '@holdfast/core/wire/rest/problem.ts'
import type { Clock } from '../seams/clock.ts'

export const JOBS_RUNNING_MAX = 16
export const JOBS_KEPT_MAX = 100

export interface JobsOptions {
  readonly clock: Clock
  readonly ids: IdMaker
  /** Hears of a failure that nobody foresaw. */
  readonly failed: (error: unknown) => void
  /** Ends the process, for an invariant is broken. */
  readonly fatal: (error: unknown) => void
}

export interface JobRequest {
  readonly type: Job['type']
  readonly actor: string
  readonly act: () => Promise<NonNullable<Job['result']>>
}

export class Jobs {
  readonly #options: JobsOptions
  /** The oldest first. */
  readonly #jobs = new Map<string, Job>()

  constructor(options: JobsOptions) {
    this.#options = options
  }

  /** @throws overloaded */
  start({ type, actor, act }: JobRequest): Job {
    const running = [...this.#jobs.values()].filter(({ state }) => state === 'running')
    if (running.length >= JOBS_RUNNING_MAX) {
      throw new HoldfastError('overloaded', `${JOBS_RUNNING_MAX} jobs run already; try again when one has ended`)
    }
    const begun = { id: this.#options.ids.next(), type, actor, createdAt: this.#now(), endedAt: null }
    const job: Job = { ...begun, state: 'running', result: null, problem: null }
    this.#keep(job)
    act().then(
      (result) => this.#keep({ ...job, state: 'done', endedAt: this.#now(), result }),
      (error: unknown) => this.#fail(job, error),
    )
    return job
  }

  /** @throws not_found */
  get(id: string): Job {
    const job = this.#jobs.get(id)
    if (job === undefined) throw new HoldfastError('not_found', `there is no job ${id} since the last start`)
    return job
  }

  #fail(job: Job, error: unknown): void {
    const { failed, fatal } = this.#options
    const isForeseen = error instanceof HoldfastError
    if (error instanceof AssertionError) fatal(error)
    else if (!isForeseen) failed(error)
    const code = isForeseen ? error.code : INTERNAL_ERROR
    const detail = isForeseen ? error.message : INTERNAL_ERROR_TITLE
    this.#keep({ ...job, state: 'failed', endedAt: this.#now(), problem: { code, detail } })
  }

  #keep(job: Job): void {
    this.#jobs.set(job.id, job)
    for (const { id, state } of this.#jobs.values()) {
      if (this.#jobs.size <= JOBS_KEPT_MAX) return
      if (state !== 'running') this.#jobs.delete(id)
    }
  }

  #now(): string {
    return new Date(this.#options.clock.now()).toISOString()
  }
}
