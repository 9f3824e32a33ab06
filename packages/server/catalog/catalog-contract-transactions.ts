/** Transactions of the contract's own, on tables of its own; a module by itself, because a worker thread loads it too. */
import { HoldfastError } from '@holdfast/core/wire/errors.ts'
import type { Dialect } from './dialect.ts'
import { query, type Row, type Transaction } from './transaction.ts'

export const makeTables: Transaction<Dialect, void> = {
  name: 'makeTables',
  *run({ bytes, integer, text, clustered, heap }) {
    yield* query(`CREATE TABLE counters (name ${text} PRIMARY KEY, value ${integer} NOT NULL) ${clustered}`)
    yield* query(`CREATE TABLE things (
      key ${bytes} PRIMARY KEY,
      whole ${integer},
      words ${text},
      seat ${integer},
      left_at ${integer}
    ) ${heap}`)
    yield* query('CREATE UNIQUE INDEX things_seated ON things (seat) WHERE left_at IS NULL')
  },
}

export interface Increment {
  readonly name: string
  readonly by: number
}

export const increment: Transaction<Increment, number> = {
  name: 'increment',
  *run({ name, by }) {
    const [row] = yield* query(
      `INSERT INTO counters (name, value) VALUES (?, ?)
       ON CONFLICT (name) DO UPDATE SET value = counters.value + excluded.value RETURNING value`,
      name,
      by,
    )
    return Number(row?.['value'])
  },
}

/** Reads in one statement and writes in another: what a lost update needs. */
export const incrementByHand: Transaction<Increment, number> = {
  name: 'incrementByHand',
  *run({ name, by }) {
    const value = (yield* readOne(name)) + by
    yield* query('UPDATE counters SET value = ? WHERE name = ?', value, name)
    return value
  },
}

export const readCounter: Transaction<string, number> = {
  name: 'readCounter',
  *run(name) {
    return yield* readOne(name)
  },
}

export const readCounters: Transaction<readonly string[], number[]> = {
  name: 'readCounters',
  *run(names) {
    const values: number[] = []
    for (const name of names) values.push(yield* readOne(name))
    return values
  },
}

/** Writes, then refuses. */
export const incrementAndRefuse: Transaction<Increment, never> = {
  name: 'incrementAndRefuse',
  *run({ name, by }) {
    yield* query('UPDATE counters SET value = value + ? WHERE name = ?', by, name)
    throw new HoldfastError('precondition_failed', 'the contract refuses', { details: { by, isRefused: true } })
  },
}

/** Writes, then breaks a rule of the schema. */
export const incrementAndBreak: Transaction<Increment, never> = {
  name: 'incrementAndBreak',
  *run({ name, by }) {
    yield* query('UPDATE counters SET value = value + ? WHERE name = ?', by, name)
    yield* query('INSERT INTO counters (name, value) VALUES (?, ?)', name, by)
    throw new Error('the name was there already')
  },
}

/** Takes from one of two accounts as long as both together hold enough: what write skew needs. */
export const withdraw: Transaction<{ from: string; other: string; amount: number }, boolean> = {
  name: 'withdraw',
  *run({ from, other, amount }) {
    const total = (yield* readOne(from)) + (yield* readOne(other))
    if (total < amount) return false
    yield* query('UPDATE counters SET value = value - ? WHERE name = ?', amount, from)
    return true
  },
}

export interface Thing {
  readonly key: Uint8Array
  readonly whole: number | null
  readonly words: string | null
  readonly seat: number | null
}

export const putThing: Transaction<Thing, Row> = {
  name: 'putThing',
  *run({ key, whole, words, seat }) {
    const [row] = yield* query(
      `INSERT INTO things (key, whole, words, seat) VALUES (?, ?, ?, ?)
       ON CONFLICT (key) DO NOTHING RETURNING key, whole, words, seat, left_at`,
      key,
      whole,
      words,
      seat,
    )
    return { ...row }
  },
}

export const leaveSeat: Transaction<{ seat: number; atMs: number }, number> = {
  name: 'leaveSeat',
  *run({ seat, atMs }) {
    const rows = yield* query(
      'UPDATE things SET left_at = ? WHERE seat = ? AND left_at IS NULL RETURNING key',
      atMs,
      seat,
    )
    return rows.length
  },
}

export const listKeys: Transaction<{ after: Uint8Array; limit: number }, string[]> = {
  name: 'listKeys',
  *run({ after, limit }) {
    const rows = yield* query('SELECT key FROM things WHERE key > ? ORDER BY key LIMIT ?', after, limit)
    return rows.map(({ key }) => Buffer.from(key as Uint8Array).toString('hex'))
  },
}

export const listWords: Transaction<null, (string | null)[]> = {
  name: 'listWords',
  *run() {
    const rows = yield* query('SELECT words FROM things ORDER BY words')
    return rows.map(({ words }) => words as string | null)
  },
}

export const sums: Transaction<null, Row> = {
  name: 'sums',
  *run() {
    const [row] = yield* query(
      `SELECT count(*) AS things, sum(whole) AS whole, sum(whole) / 2 AS half,
              EXISTS (SELECT 1 FROM things WHERE seat = 1) AS taken, max(seat) AS seat FROM things`,
    )
    return { ...row }
  },
}

/** A bug, as opposed to a refusal. */
export const stumble: Transaction<string, never> = {
  name: 'stumble',
  *run(name) {
    yield* query('UPDATE counters SET value = 99 WHERE name = ?', name)
    throw new TypeError('not a function')
  },
}

/** A read that goes on until it is ended. */
export const readForEver: Transaction<string, never> = {
  name: 'readForEver',
  *run(name) {
    for (;;) yield* readOne(name)
  },
}

function* readOne(name: string) {
  const [row] = yield* query('SELECT value FROM counters WHERE name = ?', name)
  return Number(row?.['value'] ?? 0)
}

export const transactions = {
  makeTables,
  increment,
  incrementByHand,
  readCounter,
  readCounters,
  incrementAndRefuse,
  incrementAndBreak,
  withdraw,
  putThing,
  leaveSeat,
  listKeys,
  listWords,
  sums,
  stumble,
  readForEver,
}
