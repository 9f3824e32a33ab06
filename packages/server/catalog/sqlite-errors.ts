/** What node:sqlite throws, sorted by what it means for the transaction that met it. */

/** SQLite's primary result codes, of which the extended ones keep the lowest byte. */
const ERROR = 1
const BUSY = 5
const READONLY = 8
const FULL = 13
const TOOBIG = 18
const CONSTRAINT = 19
const MISMATCH = 20
const RANGE = 25

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

export function isSqliteError(error: unknown): boolean {
  return primaryCode(error) !== undefined
}

function primaryCode(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('errcode' in error) || typeof error.errcode !== 'number') return undefined
  return error.errcode & 0xff
}
