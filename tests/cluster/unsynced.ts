/**
 * Whether a program keeps its word when the power goes: at each moment at which it gives it, by writing `promise` to somebody, what was
 * not synced is listed. A trace of its system calls tells all of that (`system-calls.ts`):
 *
 *   - bytes are on the disk when they were written through a handle opened with O_DSYNC, or when their file was synced afterwards;
 *   - a new name is on the disk when its directory was synced afterwards; renaming gives one;
 *   - what was still under way when a sync began, that sync does not cover.
 *
 * What is removed is left out: a file that comes back is met by the next start like one that a crash left.
 */
import { dirname } from 'node:path'
import type { Call, Moment } from './system-calls.ts'

export interface Promised {
  /** What was said. */
  readonly promise: string
  /** A sentence for each thing that the power could take back. */
  readonly unsynced: readonly string[]
}

export interface WhatCounts {
  /** Paths whose loss would break the promise. */
  readonly counts: (path: string) => boolean
  /** Finds the promise in what is written. */
  readonly promise: RegExp
}

const WRITES = ['write', 'writev', 'pwrite64', 'pwritev', 'pwritev2']
const SYNCS = ['fsync', 'fdatasync']
const HANDLE = /^(\d+)(?:<([^>]*)>)?/
const QUOTED = /"([^"]*)"/g

export function promisesIn(moments: readonly Moment[], { counts, promise }: WhatCounts): Promised[] {
  const disk = new Unsynced(counts)
  const promised: Promised[] = []
  for (const { is, call } of moments) {
    if (is === 'begin') {
      const said = WRITES.includes(call.name) ? promise.exec(call.given)?.[0] : undefined
      if (said !== undefined) promised.push({ promise: said, unsynced: disk.sentences() })
      disk.begins(call)
    } else if (call.result >= 0) disk.ends(call)
  }
  return promised
}

class Unsynced {
  readonly #counts: (path: string) => boolean
  /** Numbers of handles that sync what they write. */
  readonly #syncing = new Set<string>()
  /** By path, a number that grows with each write. */
  readonly #bytes = new Map<string, number>()
  /** New names by directory, with such a number each. */
  readonly #names = new Map<string, Map<string, number>>()
  readonly #known = new Set<string>()
  /** What had happened when a sync began. */
  readonly #syncs = new Map<Call, number>()
  #happened = 0

  constructor(counts: (path: string) => boolean) {
    this.#counts = counts
  }

  begins(call: Call): void {
    if (SYNCS.includes(call.name)) this.#syncs.set(call, this.#happened)
    // Its number may be given out again before the end of the call is told.
    if (call.name === 'close') this.#syncing.delete(handleIn(call).number)
  }

  ends(call: Call): void {
    if (call.name === 'openat') this.#opened(call)
    else if (call.name === 'mkdir') this.#named(pathsIn(call)[0])
    else if (call.name.startsWith('rename')) this.#renamed(pathsIn(call))
    else if (call.name === 'unlink') this.#removed(pathsIn(call)[0])
    else if (WRITES.includes(call.name)) this.#written(call)
    else if (SYNCS.includes(call.name)) this.#synced(call)
  }

  sentences(): string[] {
    const names = [...this.#names].flatMap(([directory, names]) =>
      [...names.keys()].map((name) => `${directory} was not synced since ${name} is in it`),
    )
    return [...[...this.#bytes.keys()].map((path) => `${path} was not synced since it was written`), ...names]
  }

  #opened(call: Call): void {
    if (call.given.includes('O_DSYNC') || call.given.includes('O_SYNC')) this.#syncing.add(String(call.result))
    if (call.given.includes('O_CREAT')) this.#named(pathsIn(call)[0])
  }

  #named(path: string | undefined): void {
    if (path === undefined || !this.#counts(path) || this.#known.has(path)) return
    this.#known.add(path)
    const directory = dirname(path)
    const names = this.#names.get(directory) ?? new Map<string, number>()
    names.set(path, ++this.#happened)
    this.#names.set(directory, names)
  }

  #renamed([from, to]: readonly string[]): void {
    if (from === undefined || to === undefined) return
    const written = this.#bytes.get(from)
    this.#removed(from)
    this.#known.delete(to)
    this.#named(to)
    if (written !== undefined && this.#counts(to)) this.#bytes.set(to, written)
  }

  #removed(path: string | undefined): void {
    if (path === undefined) return
    this.#known.delete(path)
    this.#bytes.delete(path)
    this.#names.get(dirname(path))?.delete(path)
  }

  #written(call: Call): void {
    const { number, path } = handleIn(call)
    if (path !== undefined && this.#counts(path) && !this.#syncing.has(number)) this.#bytes.set(path, ++this.#happened)
  }

  #synced(call: Call): void {
    const { path = '' } = handleIn(call)
    const before = this.#syncs.get(call) ?? 0
    if ((this.#bytes.get(path) ?? Number.POSITIVE_INFINITY) <= before) this.#bytes.delete(path)
    const names = this.#names.get(path)
    for (const [name, happened] of names ?? []) if (happened <= before) names?.delete(name)
  }
}

function handleIn({ given }: Call): { number: string; path: string | undefined } {
  const [, number = '', path] = HANDLE.exec(given) ?? []
  return { number, path }
}

function pathsIn({ given }: Call): string[] {
  return [...given.matchAll(QUOTED)].map(([, path = '']) => path)
}
