/**
 * A thread of the SQLite catalog, in one of three roles (`sqlite-threads.ts`). An exception that leaves it, a failed COMMIT above
 * all, ends the thread, and the main thread passes it to `fatal`.
 */
import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads'
import { assert } from '@holdfast/core/wire/assert.ts'
import { HoldfastError } from '@holdfast/core/wire/errors.ts'
import { systemClock } from '../seams/clock.ts'
import { CheckpointSignal, checkpointIfLong, checkpointWhenAsked } from './sqlite-checkpoint.ts'
import { SqliteEngine } from './sqlite-engine.ts'
import { refusalOf } from './sqlite-errors.ts'
import { commitGroup, GROUP_MAX, type Start } from './sqlite-group.ts'
import {
  type FromThread,
  packOutcome,
  packThrown,
  type Request,
  type Role,
  type ThreadData,
  type ToThread,
  type TransactionsModule,
} from './sqlite-threads.ts'
import type { Steps } from './transaction.ts'

const MiB = 1024 * 1024
/** A scan reads most pages once, and a checkpoint copies past the cache. */
const CACHE_BYTES: Readonly<Record<Role, number>> = { writer: 32 * MiB, scanner: 16 * MiB, checkpointer: MiB }
/** A scan's snapshot keeps the log from beginning anew. */
const SCAN_MS_MAX = 2_000

assert(parentPort !== null, 'this file runs as a worker thread')
const port = parentPort
const data: ThreadData = workerData
const say = (message: FromThread): void => port.postMessage(message)

const engine = open()
if (engine !== undefined) {
  const signal = new CheckpointSignal(data.checkpoint)
  if (data.role === 'checkpointer') {
    say('ready')
    checkpointWhenAsked(engine, signal)
    stop(engine)
  } else {
    const { transactions }: TransactionsModule = await import(data.transactions)
    say('ready')
    if (data.role === 'writer') serve(engine, GROUP_MAX, (queue) => write(engine, signal, starts(transactions, queue)))
    else serve(engine, 1, (queue) => scan(engine, starts(transactions, queue)))
  }
}

function open(): SqliteEngine | undefined {
  try {
    const { path, role } = data
    const engine = SqliteEngine.open(path, { readOnly: role === 'scanner', cacheBytes: CACHE_BYTES[role] })
    if (data.role === 'writer') {
      engine.restartLog()
      engine.migrate()
    }
    return engine
  } catch (error) {
    const refusal = error instanceof HoldfastError ? error : refusalOf(error, data.path)
    if (refusal === undefined) throw error
    say({ refused: packThrown(refusal) })
    return undefined
  }
}

function write(engine: SqliteEngine, signal: CheckpointSignal, group: readonly Start[]): void {
  say({ answers: commitGroup(engine, group).map(packOutcome) })
  checkpointIfLong(engine, signal)
}

function scan(engine: SqliteEngine, scans: readonly Start[]): void {
  for (const start of scans) {
    try {
      say({ answers: [{ value: engine.read(withinScanTime(start())) }] })
    } catch (error) {
      say({ answers: [{ thrown: packThrown(error) }] })
    }
  }
}

function serve(engine: SqliteEngine, takenMax: number, answer: (requests: readonly Request[]) => void): void {
  const queue: Request[] = []
  port.on('message', (first: ToThread) => {
    let message: ToThread | undefined = first
    while (message !== undefined || queue.length > 0) {
      // What arrived while a group was on its way to the disk joins the next one without a turn of the event loop.
      while (message !== undefined && message !== 'stop' && queue.length < takenMax) {
        queue.push(...message.requests)
        message = receiveMessageOnPort(port)?.message
      }
      if (queue.length > 0) answer(queue.splice(0, takenMax))
      else if (message === 'stop') return stop(engine)
    }
  })
}

function starts(transactions: TransactionsModule['transactions'], requests: readonly Request[]): Start[] {
  return requests.map(([name, args]) => () => {
    const transaction = transactions[name]
    assert(transaction !== undefined, `no transaction is called ${name}`)
    // The arguments that `Catalog` took together with the transaction of this name.
    return transaction.run(args as never)
  })
}

function* withinScanTime(steps: Steps<unknown>): Steps<unknown> {
  const startedAtMs = systemClock.monotonicMs()
  let step = steps.next([])
  while (!step.done) {
    step = steps.next(yield step.value)
    if (systemClock.monotonicMs() - startedAtMs > SCAN_MS_MAX) {
      throw new HoldfastError('overloaded', `the scan took longer than ${SCAN_MS_MAX} ms; ask for less at once`)
    }
  }
  return step.value
}

function stop(engine: SqliteEngine): void {
  engine[Symbol.dispose]()
  port.close()
}
