/** The thread behind one lane of the pool: it owns a kernel on a shared memory and answers one request after the other. */
import { parentPort, workerData } from 'node:worker_threads'
import { Kernel } from '@holdfast/core/kernel/kernel.ts'
import { NONCE_BYTES } from '@holdfast/core/sealing/chunk-format.ts'
import { assert } from '@holdfast/core/wire/assert.ts'
import { systemRandom } from '../seams/random.ts'
import { noteMoved } from '../seams/young-garbage.ts'
import { cutAndName, sealStripe } from './stripe-work.ts'
import type { WorkerAnswer, WorkerRequest } from './worker-pool.ts'

const port = parentPort
assert(port !== null, 'a worker has a parent')
const memory: unknown = workerData
assert(memory instanceof WebAssembly.Memory, 'a worker is given its memory')
const kernel = await Kernel.load(memory)

function work(request: WorkerRequest): NonNullable<WorkerAnswer['result']> {
  if (request.cut !== undefined) return cutAndName(kernel, request.at, request.cut)
  const nonces = systemRandom.bytes(request.seal.chunks.length * NONCE_BYTES)
  noteMoved(request.seal.chunks.reduce((sum, { length }) => sum + length, 0))
  return sealStripe(kernel, request, request.seal, nonces)
}

port.on('message', (request: WorkerRequest) => {
  try {
    port.postMessage({ id: request.id, result: work(request) } satisfies WorkerAnswer)
  } catch (error) {
    port.postMessage({
      id: request.id,
      error: error instanceof Error ? error.message : String(error),
    } satisfies WorkerAnswer)
  }
})
port.postMessage({ id: 0 } satisfies WorkerAnswer)
