/** What happened in a run, line by line: hashed as a whole, counted by kind, and its end kept for whoever looks for a cause. */
import { createHash } from 'node:crypto'

const TAIL_LINES = 120

export class Trace {
  readonly #hash = createHash('sha256')
  readonly #tail: string[] = []
  readonly #now: () => number
  readonly #onLine: ((line: string) => void) | undefined
  /** How often each fault, and each kind of request with its answer, occurred. */
  readonly faults = new Map<string, number>()
  readonly answers = new Map<string, number>()

  constructor(now: () => number, onLine?: (line: string) => void) {
    this.#now = now
    this.#onLine = onLine
  }

  line(text: string): void {
    const line = `${this.#now().toFixed(3).padStart(12)} ${text}`
    this.#hash.update(line)
    this.#onLine?.(line)
    this.#tail.push(line)
    if (this.#tail.length > TAIL_LINES) this.#tail.shift()
  }

  fault(kind: string, text = ''): void {
    count(this.faults, kind)
    this.line(`! ${kind} ${text}`)
  }

  answer(kind: string, code: string): void {
    count(this.answers, `${kind} ${code}`)
  }

  get tail(): readonly string[] {
    return this.#tail
  }

  digest(): string {
    return this.#hash.copy().digest('hex')
  }
}

export function count(counts: Map<string, number>, key: string, by = 1): void {
  counts.set(key, (counts.get(key) ?? 0) + by)
}
