/** Runs many seeds on a few threads. */
import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import type { SeedResult } from './seed-worker.ts'

const THREADS_MAX = 8

export interface Seeds {
  readonly first: number
  readonly count: number
  readonly steps: number
}

/** Ends when all have run, or with the failure of a thread. Results come in the order in which they end. */
export async function runSeeds({ first, count, steps }: Seeds, onResult: (result: SeedResult) => void): Promise<void> {
  let next = first
  const end = first + count
  const thread = async (): Promise<void> => {
    const worker = new Worker(new URL('./seed-worker.ts', import.meta.url))
    try {
      await new Promise<void>((resolve, reject) => {
        const give = (): void => {
          if (next >= end) resolve()
          else worker.postMessage({ seed: next++, steps })
        }
        worker.on('message', (result: SeedResult) => {
          onResult(result)
          give()
        })
        worker.on('error', reject)
        give()
      })
    } finally {
      await worker.terminate()
    }
  }
  const threads = Math.min(THREADS_MAX, availableParallelism(), count)
  await Promise.all(Array.from({ length: threads }, thread))
}
