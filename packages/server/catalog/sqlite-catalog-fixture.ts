/** For tests: catalogs in temporary directories, which are gone when the test's process ends. */
import { closeSync, fsyncSync, mkdtempSync, openSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '../seams/clock.ts'
import type { Thing } from './catalog-contract-transactions.ts'
import { SqliteCatalog, type SqliteCatalogOptions } from './sqlite-catalog.ts'

let root: string | undefined

export function temporaryDirectory(): string {
  root ??= makeRoot()
  return mkdtempSync(join(root, 'test-'))
}

function makeRoot(): string {
  const directory = mkdtempSync(join(tmpdir(), 'holdfast-catalog-'))
  process.once('exit', () => rmSync(directory, { recursive: true, force: true }))
  return directory
}

/** The contract's transactions, real syncs, and a `fatal` that ends the process. */
export function optionsFor(directory: string): SqliteCatalogOptions {
  return {
    directory,
    transactions: new URL('./catalog-contract-transactions.ts', import.meta.url),
    syncDirectory: async () => {
      const handle = openSync(directory, 'r')
      fsyncSync(handle)
      closeSync(handle)
    },
    freeBytes: async () => Number.MAX_SAFE_INTEGER,
    clock: systemClock,
    fatal: (error) => {
      throw error
    },
  }
}

export function openTemporary(options: Partial<SqliteCatalogOptions> = {}): Promise<SqliteCatalog> {
  return SqliteCatalog.open({ ...optionsFor(temporaryDirectory()), ...options })
}

/** A row of a kilobyte, for tests that write many and then count. */
export function thingNumber(number: number): Thing {
  return { key: keyOf(number), whole: number, words: 'x'.repeat(1000), seat: null }
}

function keyOf(number: number): Uint8Array {
  const key = new Uint8Array(8)
  new DataView(key.buffer).setBigUint64(0, BigInt(number))
  return key
}
