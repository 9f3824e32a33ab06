/**
 * Values as they lie in rows: ids and hashes are bytes there and hex in memory. A column that does not hold what its
 * reader expects is a broken invariant, not a failure of the caller.
 */
import { assert } from '@holdfast/core/wire/assert.ts'
import {
  asChunkId,
  asId,
  asSha256,
  asStripeId,
  type ChunkId,
  type Id,
  type Sha256,
  type StripeId,
} from '@holdfast/core/wire/ids.ts'
import type { Row } from './transaction.ts'

export function bytesOf(hex: string): Uint8Array {
  return Buffer.from(hex, 'hex')
}

export function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex')
}

export function bytesIn(row: Row, column: string): Uint8Array {
  const value = row[column]
  assert(value instanceof Uint8Array, `${column} holds bytes`)
  return value
}

export function numberIn(row: Row, column: string): number {
  const value = row[column]
  assert(typeof value === 'number', `${column} holds a number`)
  return value
}

export function textIn(row: Row, column: string): string {
  const value = row[column]
  assert(typeof value === 'string', `${column} holds text`)
  return value
}

export function idIn(row: Row, column: string): Id {
  return asId(hexOf(bytesIn(row, column)))
}

export function stripeIdIn(row: Row, column: string): StripeId {
  return asStripeId(hexOf(bytesIn(row, column)))
}

export function chunkIdIn(row: Row, column: string): ChunkId {
  return asChunkId(hexOf(bytesIn(row, column)))
}

export function sha256In(row: Row, column: string): Sha256 {
  return asSha256(hexOf(bytesIn(row, column)))
}

/** What `read` finds in a column that may be empty. */
export function orNull<T>(row: Row, column: string, read: (row: Row, column: string) => T): T | null {
  return row[column] === null ? null : read(row, column)
}
