/** What a PostgreSQL connection throws, sorted by what it means for the transaction. SQLSTATEs are five characters. */
import { HoldfastError } from '@holdfast/core/wire/errors.ts'

const SERIALIZATION_FAILURE = '40001'
const DEADLOCK = '40P01'
const UNIQUE_VIOLATION = '23505'
const DUPLICATE_TABLE = '42P07'

/**
 * The server or the way to it, not the statement: connection (08), authorization (28), transaction state such as read-only after a
 * failover (25), resources (53), an operator or a timeout (57), the server's system (58), its inside (XX).
 */
const CLASSES_OF_THE_SERVER: ReadonlySet<string> = new Set(['08', '25', '28', '53', '57', '58', 'XX'])

/** Two transactions met and this one gave way: nothing was changed, and the same again may succeed. */
export function isCollision(error: unknown): boolean {
  const state = sqlStateOf(error)
  return state === SERIALIZATION_FAILURE || state === DEADLOCK
}

/** Two programs created the same table: the second finds it made when it looks again. */
export function isCreatedTwice(error: unknown): boolean {
  const state = sqlStateOf(error)
  return state === UNIQUE_VIOLATION || state === DUPLICATE_TABLE
}

/** The server itself has said that this COMMIT became a rollback (classes 23 and 40). Anything else leaves it open. */
export function isRolledBack(error: unknown): boolean {
  const state = sqlStateOf(error)
  return state !== undefined && (state.startsWith('23') || state.startsWith('40'))
}

/** A statement's failure as the caller shall see it. Without an SQLSTATE it is the connection's. */
export function failureOf(error: unknown): unknown {
  const state = sqlStateOf(error)
  if (state !== undefined && !CLASSES_OF_THE_SERVER.has(state.slice(0, 2))) return error
  const message = error instanceof Error ? error.message : String(error)
  return new HoldfastError('catalog_unavailable', `the catalog's database does not answer: ${message}`, {
    cause: error,
  })
}

export function outcomeUnknownError(cause: unknown): HoldfastError {
  return new HoldfastError(
    'catalog_unavailable',
    'the connection broke during COMMIT: whether it was committed is not known',
    {
      cause,
      details: { outcome: 'unknown' },
    },
  )
}

function sqlStateOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('severity' in error) || !('code' in error)) return undefined
  return typeof error.code === 'string' ? error.code : undefined
}
