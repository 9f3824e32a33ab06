/**
 * The main thread's end of a worker thread: requests go out in batches, one message for all that one turn of the event loop
 * asked, and come back in their order.
 */
import { Worker } from 'node:worker_threads'
import { assert } from '@holdfast/core/wire/assert.ts'
import { HoldfastError } from '@holdfast/core/wire/errors.ts'
import { refusalOf } from './sqlite-errors.ts'
import {
  type Answer,
  type FromThread,
  type Request,
  type ThreadData,
  type ToThread,
  unpackThrown,
} from './sqlite-threads.ts'
import type { Transaction } from './transaction.ts'

/** Requests that wait for their answers. */
export const WAITING_MAX = 4096

interface Waiting {
  readonly resolve: (value: unknown) => void
  readonly reject: (reason: unknown) => void
}

export class SqliteThread implements AsyncDisposable {
  readonly #worker: Worker
  readonly #path: string
  readonly #fatal: (error: unknown) => void
  readonly #waiting: Waiting[] = []
  readonly #exited: Promise<void>
  #batch: Request[] = []
  #state: 'open' | 'stopping' | 'dead' = 'open'
  #onIdle: (() => void) | undefined

  private constructor(worker: Worker, { path }: ThreadData, fatal: (error: unknown) => void) {
    this.#worker = worker
    this.#path = path
    this.#fatal = fatal
    worker.on('message', (message: FromThread) => {
      if (typeof message === 'object' && 'answers' in message) this.#settle(message.answers)
    })
    worker.on('error', (error) => this.#die(error))
    this.#exited = new Promise((resolve) => {
      worker.on('exit', () => {
        if (this.#state === 'open') this.#die(new Error('a thread of the catalog ended by itself'))
        resolve()
      })
    })
  }

  /** Resolves once the thread has opened the catalog. @throws what it could not be opened for */
  static start(data: ThreadData, fatal: (error: unknown) => void): Promise<SqliteThread> {
    const worker = new Worker(new URL('./sqlite-worker.ts', import.meta.url), { workerData: data })
    return new Promise((resolve, reject) => {
      worker.once('error', reject)
      worker.once('message', (message: FromThread) => {
        worker.off('error', reject)
        if (typeof message === 'object' && 'refused' in message) reject(unpackThrown(message.refused))
        else resolve(new SqliteThread(worker, data, fatal))
      })
    })
  }

  ask<Args, Result>(transaction: Transaction<Args, Result>, args: Args): Promise<Result> {
    if (this.#state !== 'open') return Promise.reject(closedError(this.#state))
    if (this.#waiting.length >= WAITING_MAX) {
      return Promise.reject(new HoldfastError('overloaded', `${WAITING_MAX} requests wait for the catalog already`))
    }
    if (this.#batch.length === 0) process.nextTick(() => this.#send())
    this.#batch.push([transaction.name, args])
    return new Promise((resolve, reject) => {
      // The thread answers with what the transaction of this name returned.
      this.#waiting.push({ resolve: resolve as (value: unknown) => void, reject })
    })
  }

  /** Refuses new requests, waits for the answers to the old ones, and ends the thread. */
  async stop(): Promise<void> {
    if (this.#state === 'open') {
      this.#state = 'stopping'
      if (this.#waiting.length > 0) await new Promise<void>((resolve) => (this.#onIdle = resolve))
      this.#worker.postMessage('stop' satisfies ToThread)
    }
    await this.#exited
    for (const { reject } of this.#waiting.splice(0)) reject(closedError('dead'))
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop()
  }

  #send(): void {
    this.#worker.postMessage({ requests: this.#batch } satisfies ToThread)
    this.#batch = []
  }

  #settle(answers: readonly Answer[]): void {
    const answered = this.#waiting.splice(0, answers.length)
    assert(answered.length === answers.length, 'the thread answers what it was asked')
    for (const [index, answer] of answers.entries()) {
      if ('thrown' in answer) answered[index]?.reject(unpackThrown(answer.thrown))
      else answered[index]?.resolve(answer.value)
    }
    if (this.#waiting.length === 0) this.#onIdle?.()
  }

  /** Requests stay without an answer: whether their group was committed is not known. */
  #die(error: unknown): void {
    this.#state = 'dead'
    this.#onIdle?.()
    this.#fatal(refusalOf(error, this.#path) ?? error)
  }
}

function closedError(state: 'stopping' | 'dead'): HoldfastError {
  if (state === 'stopping') return new HoldfastError('shutting_down', 'the catalog is being closed')
  return new HoldfastError(
    'catalog_unavailable',
    'the catalog has failed; whether this was committed shows after the restart',
  )
}
