/** The few words in which the two engines' schemas differ. */
export interface Dialect {
  readonly bytes: string
  readonly integer: string
  /** Ordered by bytes, whatever the locale. */
  readonly text: string
  /** Behind a table whose rows lie in the order of its primary key. */
  readonly clustered: string
  /** Behind any other table. */
  readonly heap: string
}

export const sqliteDialect: Dialect = {
  bytes: 'BLOB',
  integer: 'INTEGER',
  text: 'TEXT',
  clustered: 'STRICT, WITHOUT ROWID',
  heap: 'STRICT',
}
export const postgresDialect: Dialect = {
  bytes: 'BYTEA',
  integer: 'BIGINT',
  text: 'TEXT COLLATE "C"',
  clustered: '',
  heap: '',
}

export interface Migration {
  readonly number: number
  readonly name: string
  readonly statements: (dialect: Dialect) => string[]
}
