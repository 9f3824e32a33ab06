/**
 * A catalog transaction is written once, as a generator that yields plain SQL (the common subset of SQLite and PostgreSQL,
 * `?` for arguments) and receives rows. It has no effect but its SQL, because a driver may run it again, and it is
 * found by its name, because the SQLite driver runs it on another thread: arguments and result must survive a structured clone.
 */
export type Value = string | number | Uint8Array | null

export interface Statement {
  readonly sql: string
  readonly args: readonly Value[]
}

export type Row = Readonly<Record<string, Value>>

export type Steps<Result> = Generator<Statement, Result, Row[]>

export interface Transaction<Args, Result> {
  readonly name: string
  readonly run: (args: Args) => Steps<Result>
}

/** One statement and its rows: `const rows = yield* query('SELECT …', id)`. */
export function* query(sql: string, ...args: Value[]): Steps<Row[]> {
  return yield { sql, args }
}
