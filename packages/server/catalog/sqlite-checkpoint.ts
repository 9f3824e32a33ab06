/**
 * Commits append pages to the write-ahead log; a *checkpoint* copies them into the database, syncs it, and lets the log begin
 * anew. The longer the log, the longer a start after a crash; but the copying takes as long as the disk wants.
 *
 * So another thread copies while commits go on, as often as it takes until only a short *tail* is left, and the writer copies the
 * tail itself between two groups: after it the log holds nothing that the database does not, and the next commit
 * begins it anew. Should the disk not keep up, or a long read hold the log, the writer does it all at LOG_PAGES_MAX: commits
 * slow down instead of the log growing.
 */
import type { SqliteEngine } from './sqlite-engine.ts'

const LOG_PAGES = 2048
export const LOG_PAGES_MAX = 16_384
const TAIL_PAGES = 512

const IDLE = 0
const ASKED = 1
const STOPPED = 2

export class CheckpointSignal {
  readonly #state: Int32Array

  constructor(memory: SharedArrayBuffer) {
    this.#state = new Int32Array(memory)
  }

  static memory(): SharedArrayBuffer {
    return new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT)
  }

  ask(): void {
    if (Atomics.compareExchange(this.#state, 0, IDLE, ASKED) === IDLE) Atomics.notify(this.#state, 0)
  }

  stop(): void {
    Atomics.store(this.#state, 0, STOPPED)
    Atomics.notify(this.#state, 0)
  }

  /** Blocks the thread; false once it was stopped. */
  wait(): boolean {
    Atomics.wait(this.#state, 0, IDLE)
    return Atomics.load(this.#state, 0) === ASKED
  }

  done(): void {
    Atomics.compareExchange(this.#state, 0, ASKED, IDLE)
  }
}

/** For the writer, after each group. */
export function checkpointIfLong(engine: SqliteEngine, signal: CheckpointSignal): void {
  const { logPages, copiedPages } = engine.logSize()
  if (logPages < LOG_PAGES) return
  if (logPages - copiedPages <= TAIL_PAGES || logPages >= LOG_PAGES_MAX) engine.checkpoint()
  else signal.ask()
}

/** For the other thread: until it is stopped. */
export function checkpointWhenAsked(engine: SqliteEngine, signal: CheckpointSignal): void {
  while (signal.wait()) {
    engine.checkpoint()
    signal.done()
  }
}
