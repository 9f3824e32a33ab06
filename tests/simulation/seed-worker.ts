/** Runs the seeds that it is given, one after the other, on a thread of its own. */
import { parentPort } from 'node:worker_threads'
import { assert } from '@holdfast/core/wire/assert.ts'
import { type RunResult, simulate } from './simulate.ts'
import { ComputeMemory } from './simulated-compute.ts'
import { told } from './violation.ts'

/** As it travels between threads. */
export type SeedResult = Omit<RunResult, 'failure'> & { readonly failure: string | undefined }

const port = parentPort
assert(port !== null, 'seeds are given by another thread')
const memory = await ComputeMemory.open()

port.on('message', ({ seed, steps }: { seed: number; steps: number }) => {
  simulate({ seed, steps, memory }).then(
    ({ failure, ...result }) => {
      const answer: SeedResult = { ...result, failure: failure === undefined ? undefined : told(failure) }
      port.postMessage(answer)
    },
    (error: unknown) => {
      throw error
    },
  )
})
