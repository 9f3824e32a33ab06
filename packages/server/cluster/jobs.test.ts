import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { AssertionError } from '@holdfast/core/wire/assert.ts'
import { HoldfastError } from '@holdfast/core/wire/errors.ts'
import { IdMaker } from '@holdfast/core/wire/ids.ts'
import type { Job } from '@holdfast/core/wire/rest/job.ts'
import { ManualClock } from '../seams/manual-clock.test-support.ts'
import { systemRandom } from '../seams/random.ts'
import { refuses } from '../storage/shard-store-contract.ts'
import { JOBS_KEPT_MAX, JOBS_RUNNING_MAX, Jobs } from './jobs.ts'

const COLLECTED = { dryRun: false, chunks: 1, pages: 2, stripes: 3, debris: 4 }

function world() {
  const clock = new ManualClock()
  const failures: unknown[] = []
  const fatalities: unknown[] = []
  const ids = new IdMaker(
    () => clock.now(),
    (length) => systemRandom.bytes(length),
  )
  const failed = (error: unknown): unknown => failures.push(error)
  const jobs = new Jobs({ clock, ids, failed, fatal: (error) => fatalities.push(error) })
  const start = (act: () => Promise<typeof COLLECTED>): Job => jobs.start({ type: 'collect', actor: 'somebody', act })
  return { clock, jobs, start, failures, fatalities }
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

describe('a job', () => {
  it('runs until its work is done, and then has its result', async () => {
    const { clock, jobs, start } = world()
    const { promise, resolve } = Promise.withResolvers<typeof COLLECTED>()
    const job = start(() => promise)
    assert.deepEqual(jobs.get(job.id), job)
    assert.deepEqual([job.state, job.actor, job.endedAt, job.result], ['running', 'somebody', null, null])
    clock.advance(3_600_000)
    resolve(COLLECTED)
    await settled()
    const done = jobs.get(job.id)
    assert.deepEqual([done.state, done.result, done.problem], ['done', COLLECTED, null])
    assert.equal(Date.parse(done.endedAt ?? '') - Date.parse(done.createdAt), 3_600_000)
  })

  it('says why it failed; what nobody foresaw goes to the log, and a broken invariant ends the process', async () => {
    const { jobs, start, failures, fatalities } = world()
    const [foreseen, unforeseen, broken] = [
      new HoldfastError('catalog_unavailable', 'not now'),
      new TypeError('a secret'),
      new AssertionError('cannot be'),
    ]
    const failed = [foreseen, unforeseen, broken].map((error) => start(() => Promise.reject(error)))
    await settled()
    const found = failed.map(({ id }) => jobs.get(id))
    assert.ok(found.every(({ state, endedAt, result }) => state === 'failed' && endedAt !== null && result === null))
    assert.deepEqual(found[0]?.problem, { code: 'catalog_unavailable', detail: 'not now' })
    assert.deepEqual(found[1]?.problem?.code, 'internal_error')
    assert.doesNotMatch(found[1]?.problem?.detail ?? '', /secret/)
    assert.deepEqual([failures, fatalities], [[unforeseen], [broken]])
  })

  it('is one of so many, and of those that ended the last are kept', async () => {
    const { jobs, start } = world()
    const { promise, resolve } = Promise.withResolvers<typeof COLLECTED>()
    const running = Array.from({ length: JOBS_RUNNING_MAX }, () => start(() => promise))
    await refuses('overloaded', async () => start(() => promise))
    resolve(COLLECTED)
    await settled()
    const slow = start(() => new Promise(() => undefined))
    for (let each = 0; each < JOBS_KEPT_MAX; each++) {
      start(async () => COLLECTED)
      await settled()
    }
    assert.equal(jobs.get(slow.id).state, 'running')
    await refuses('not_found', async () => jobs.get(running[0]?.id ?? ''))
  })
})
