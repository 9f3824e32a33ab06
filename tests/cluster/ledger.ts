/**
 * What clients were told. Per path, the ledger knows which states the file may be in: after an acknowledgement exactly one; after a
 * change whose answer never came, that one or the one before. What a reader finds is held against it.
 *
 * A state is the contents' SHA-256 and length, or `absent`.
 */
import { digestOf } from './contents.ts'

export type State = string
export const ABSENT: State = 'absent'

export function stateOf(bytes: Uint8Array): State {
  return `${digestOf(bytes)} ${bytes.length} bytes`
}

export class Ledger {
  readonly #possible = new Map<string, ReadonlySet<State>>()

  paths(): string[] {
    return [...this.#possible.keys()]
  }

  possible(path: string): ReadonlySet<State> {
    return this.#possible.get(path) ?? new Set([ABSENT])
  }

  /** A change is on its way: from now on the file may be in either state. */
  began(path: string, state: State): void {
    this.#possible.set(path, this.possible(path).union(new Set([state])))
  }

  /** The server said that the change is done. */
  acknowledged(path: string, state: State): void {
    this.#possible.set(path, new Set([state]))
  }

  /** What is wrong with what was found; undefined where it may be so. From then on it is what the file is. */
  found(path: string, state: State): string | undefined {
    const possible = this.possible(path)
    if (!possible.has(state)) return `${path} is ${state}, it may be ${[...possible].join(' or ')}`
    this.#possible.set(path, new Set([state]))
    return undefined
  }

  /** What is wrong with a listing of everything. */
  listed(paths: readonly string[]): string[] {
    const there = new Set(paths)
    const mustBe = this.paths().filter((path) => !this.possible(path).has(ABSENT) && !there.has(path))
    const mustNot = paths.filter((path) => [...this.possible(path)].every((state) => state === ABSENT))
    return [...mustBe.map((path) => `${path} is not listed`), ...mustNot.map((path) => `${path} is listed and absent`)]
  }
}
