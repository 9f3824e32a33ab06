/** The load generator's process: does one job per message, and several at once where they come so. */

import type { Done, Job } from './jobs.ts'
import { many } from './many.ts'
import { get, put } from './one-large.ts'
import { slowRead } from './slow-read.ts'

function run(job: Job): Promise<Done> {
  switch (job.kind) {
    case 'many':
      return many(job)
    case 'put':
      return put(job)
    case 'get':
      return get(job)
    case 'slow-read':
      return slowRead(job)
  }
}

process.on('message', ({ number, job }: { number: number; job: Job }) => {
  run(job).then(
    (done) => process.send?.({ number, done }),
    (error: unknown) => process.send?.({ number, failure: String(error) }),
  )
})
// Whoever started it is gone, and so is its work.
process.on('disconnect', () => process.exit())
