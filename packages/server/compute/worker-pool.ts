/**
 * The pool of threads on a gateway: one lane per worker, each with its part of the byte budget as a shared memory. A worker
 * that dies takes requests with it that nobody can answer, so its end is the process's end: restart decides.
 */
import { Worker } from 'node:worker_threads'
import { KERNEL_RESERVED_BYTES } from '@holdfast/core/kernel/kernel.ts'
import { assert } from '@holdfast/core/wire/assert.ts'
import { openChunk } from './chunk-cipher.ts'
import type {
  ChunkKeys,
  ChunkSizes,
  Compute,
  CutRequest,
  NamedChunk,
  SealedPlace,
  SealRequest,
  Shard,
  SlotSize,
  StripeShape,
  StripeSlot,
} from './compute.ts'
import { LocalWork } from './local-work.ts'
import { MemorySlot } from './slot.ts'
import { type SlotPlace, Slots } from './slots.ts'
import type { SealedRecords } from './stripe-work.ts'

const PAGE_BYTES = 65_536

export type WorkerRequest =
  | { readonly id: number; readonly at: number; readonly cut: CutRequest }
  | {
      readonly id: number
      readonly at: number
      readonly end: number
      readonly cut?: undefined
      readonly seal: SealRequest
    }

export interface WorkerAnswer {
  readonly id: number
  readonly result?: NamedChunk[] | SealedRecords
  readonly error?: string
}

interface Lane {
  readonly worker: Worker
  readonly memory: Uint8Array
  readonly pending: Map<number, { resolve: (result: never) => void; reject: (error: Error) => void }>
}

export class WorkerPool implements Compute {
  readonly #lanes: readonly Lane[]
  readonly #slots: Slots
  readonly #local: LocalWork
  #lastId = 0

  private constructor(lanes: readonly Lane[], local: LocalWork) {
    this.#lanes = lanes
    this.#local = local
    this.#slots = new Slots(lanes.map(({ memory }) => ({ startBytes: KERNEL_RESERVED_BYTES, endBytes: memory.length })))
  }

  /** `onDeath` is told of a worker that ended by itself; the process should follow. */
  static async open(options: {
    workers: number
    budgetBytes: number
    onDeath: (error: Error) => void
  }): Promise<WorkerPool> {
    const pages = Math.ceil(options.budgetBytes / options.workers / PAGE_BYTES)
    const lanes = Array.from({ length: options.workers }, () => openLane(pages, options.onDeath))
    return new WorkerPool(await Promise.all(lanes), await LocalWork.open())
  }

  get waiting(): number {
    return this.#slots.waiting
  }

  async open(size: SlotSize, signal?: AbortSignal): Promise<StripeSlot> {
    return this.#slot(await this.#slots.take(size, signal), size)
  }

  tryOpen(size: SlotSize): StripeSlot | undefined {
    const place = this.#slots.tryTake(size)
    return place && this.#slot(place, size)
  }

  cutNow(keys: ChunkKeys, plain: Uint8Array, sizes: ChunkSizes): NamedChunk[] {
    return this.#local.cutNow(keys, plain, sizes)
  }

  openChunk(keys: ChunkKeys, place: SealedPlace, sealed: Uint8Array, pieceBytes: number): Uint8Array[] | undefined {
    return openChunk(keys, place, sealed, pieceBytes)
  }

  rebuild(shape: StripeShape, present: readonly Shard[], wanted: readonly number[]): Uint8Array[] {
    return this.#local.rebuild(shape, present, wanted)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { worker } of this.#lanes) worker.removeAllListeners('exit')
    await Promise.all(this.#lanes.map(({ worker }) => worker.terminate()))
  }

  #slot(place: SlotPlace, size: SlotSize): StripeSlot {
    const lane = this.#lanes[place.lane]
    assert(lane !== undefined, 'a slot lies in a lane')
    const { at, end } = place
    return new MemorySlot(lane.memory, place, size, {
      cut: (cut) => this.#ask<NamedChunk[]>(lane, (id) => ({ id, at, cut })),
      seal: (seal) => this.#ask<SealedRecords>(lane, (id) => ({ id, at, end, seal })),
      release: () => this.#slots.give(place),
    })
  }

  #ask<Result>(lane: Lane, request: (id: number) => WorkerRequest): Promise<Result> {
    return new Promise<Result>((resolve, reject) => {
      const id = ++this.#lastId
      lane.pending.set(id, { resolve, reject })
      lane.worker.postMessage(request(id))
    })
  }
}

async function openLane(pages: number, onDeath: (error: Error) => void): Promise<Lane> {
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true })
  const worker = new Worker(new URL('./worker.ts', import.meta.url), { workerData: memory })
  const lane: Lane = { worker, memory: new Uint8Array(memory.buffer), pending: new Map() }
  await new Promise<void>((resolve, reject) => {
    worker.once('message', () => resolve())
    worker.once('error', reject)
  })
  worker.on('message', ({ id, result, error }: WorkerAnswer) => {
    const asked = lane.pending.get(id)
    lane.pending.delete(id)
    if (error !== undefined) asked?.reject(new Error(`a worker failed: ${error}`))
    else asked?.resolve(result as never)
  })
  worker.on('error', onDeath)
  worker.on('exit', (code) => onDeath(new Error(`a worker ended with code ${code}`)))
  return lane
}
