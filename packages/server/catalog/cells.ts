/**
 * Values as they lie in rows: ids and hashes are bytes there and hex in memory. A column that does not hold what its
 * reader expects is a broken invariant, not a failure of the caller.
 */
import { AssertionError } from '@holdfast/core/wire/assert.ts'
import type { ChunkId, Id, Sha256, StripeId } from '@holdfast/core/wire/ids.ts'
import type { Row } from './transaction.ts'

const ID_BYTES = 16
const HASH_BYTES = 32

export function bytesOf(hex: string): Uint8Array {
  return Buffer.from(hex, 'hex')
}

export function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex')
}

export function bytesIn(row: Row, column: string): Uint8Array {
  const value = row[column]
  if (!(value instanceof Uint8Array)) wrong(column, 'bytes')
  return value
}

export function numberIn(row: Row, column: string): number {
  const value = row[column]
  if (typeof value !== 'number') wrong(column, 'a number')
  return value
}

export function textIn(row: Row, column: string): string {
  const value = row[column]
  if (typeof value !== 'string') wrong(column, 'text')
  return value
}

export function idIn(row: Row, column: string): Id {
  return hexIn(row, column, ID_BYTES) as Id
}

export function stripeIdIn(row: Row, column: string): StripeId {
  return hexIn(row, column, ID_BYTES) as StripeId
}

export function chunkIdIn(row: Row, column: string): ChunkId {
  return hexIn(row, column, HASH_BYTES) as ChunkId
}

export function sha256In(row: Row, column: string): Sha256 {
  return hexIn(row, column, HASH_BYTES) as Sha256
}

/** What hex of the right length is, needs no further look: these are read a million times. */
function hexIn(row: Row, column: string, length: number): string {
  const bytes = bytesIn(row, column)
  if (bytes.length !== length) wrong(column, `${length} bytes`)
  return hexOf(bytes)
}

function wrong(column: string, expected: string): never {
  throw new AssertionError(`${column} holds ${expected}`)
}

/** What `read` finds in a column that may be empty. */
export function orNull<T>(row: Row, column: string, read: (row: Row, column: string) => T): T | null {
  return row[column] === null ? null : read(row, column)
}
