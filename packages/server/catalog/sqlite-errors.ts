/** What node:sqlite throws, sorted by what it means for the transaction that met it, and for the person who started the program. */
import { HoldfastError } from '@holdfast/core/wire/errors.ts'

/** SQLite's primary result codes, of which the extended ones keep the lowest byte. */
const ERROR = 1
const PERM = 3
const BUSY = 5
const READONLY = 8
const IOERR = 10
const CORRUPT = 11
const FULL = 13
const CANTOPEN = 14
const TOOBIG = 18
const CONSTRAINT = 19
const MISMATCH = 20
const RANGE = 25
const NOTADB = 26

/** Why a database cannot be used, and what mends it. */
const REFUSALS: ReadonlyMap<number, string> = new Map([
  [PERM, 'this user may not use it: give it to this user (chown, chmod)'],
  [
    READONLY,
    'this user may not write to it, or its disk is mounted read-only: give it to this user, or mount it writable',
  ],
  [IOERR, 'its disk does not read or write: look at the system log'],
  [FULL, 'its disk is full: make room there'],
  [CANTOPEN, 'it cannot be opened: this user may not, or something else than a file has its name'],
])
const DAMAGED: ReadonlySet<number> = new Set([CORRUPT, NOTADB])

/** A statement was wrong, wrote in a read, or broke a rule of the schema: one transaction's bug, from which its savepoint recovers. */
const OF_ONE_STATEMENT: ReadonlySet<number> = new Set([ERROR, READONLY, TOOBIG, CONSTRAINT, MISMATCH, RANGE])

export function isOfOneStatement(error: unknown): boolean {
  const code = primaryCode(error)
  return code !== undefined && OF_ONE_STATEMENT.has(code)
}

/** There was no room for a page. It is met before the commit's last page was written: nothing was committed. */
export function isFull(error: unknown): boolean {
  return primaryCode(error) === FULL
}

/** Another process holds the database. */
export function isBusy(error: unknown): boolean {
  return primaryCode(error) === BUSY
}

/** What lies there is no database, or one of which a part is missing or another. */
export function isDamaged(error: unknown): boolean {
  const code = primaryCode(error)
  return code !== undefined && DAMAGED.has(code)
}

export function isSqliteError(error: unknown): boolean {
  return primaryCode(error) !== undefined
}

/** A sentence in place of an error about the catalog in `path`; undefined where it is another error, or a bug. */
export function refusalOf(error: unknown, path: string): HoldfastError | undefined {
  const code = primaryCode(error)
  if (code === undefined) return undefined
  if (isDamaged(error)) return damagedError(error, path)
  const why = REFUSALS.get(code)
  if (why === undefined) return undefined
  return new HoldfastError('catalog_unavailable', `the catalog ${path}: ${why}`, { cause: error })
}

function damagedError(error: unknown, path: string): HoldfastError {
  const found = error instanceof Error ? error.message : String(error)
  return new HoldfastError(
    'catalog_unavailable',
    `the catalog ${path} is damaged (${found}). No key and no drive was changed, and what the drives hold is safe.\n` +
      'Stop Holdfast, keep a copy of the directory as it is, put it back from a backup, and start again; getting a catalog back from\n' +
      'the drives alone comes with a later release.',
    { cause: error },
  )
}

function primaryCode(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('errcode' in error) || typeof error.errcode !== 'number') return undefined
  return error.errcode & 0xff
}
