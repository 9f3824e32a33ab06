/** PostgreSQL's values as the catalog's `Value`: whole numbers, text, bytes, null; flags are 0 and 1 as in SQLite. */
import { assert } from '@holdfast/core/wire/assert.ts'
import { types } from 'pg'

const { BOOL, BYTEA, INT2, INT4, INT8, NUMERIC } = types.builtins

const parsers: Readonly<Record<number, (text: string) => number | Uint8Array>> = {
  [BOOL]: (text) => (text === 't' ? 1 : 0),
  [BYTEA]: (text) => new Uint8Array(Buffer.from(text.slice('\\x'.length), 'hex')),
  [INT2]: toInteger,
  [INT4]: toInteger,
  [INT8]: toInteger,
  // What `sum` of a BIGINT is.
  [NUMERIC]: toInteger,
}

export const valueTypes = {
  getTypeParser: (type: number) => parsers[type] ?? String,
}

function toInteger(text: string): number {
  const value = Number(text)
  assert(Number.isSafeInteger(value), `the catalog keeps whole numbers, not ${text}`)
  return value
}
