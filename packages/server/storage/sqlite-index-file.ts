/**
 * The file of an index, and when it is believed.
 *
 * Nothing in it is synced while the disk is in use, so it is to be trusted only while the system kept its memory. It is
 * thrown away where
 *   - it was not closed cleanly and `boot` has changed since: what was handed to the system may be lost in part;
 *   - it was last used at another start of this disk: the disk or the file comes from another time;
 *   - it is of another version, or SQLite cannot read it.
 * Marking it clean, and unclean again, is synced; so a clean mark is never seen beside lost pages. The lock that SQLite holds
 * on it for as long as it is open also keeps a second process from this disk.
 */
import { DatabaseSync } from 'node:sqlite'
import { HoldfastError } from '@holdfast/core/wire/errors.ts'
import type { IndexOrigin } from './shard-index.ts'

const VERSION = 1
const CACHE_KIB = 4096
const SQLITE_BUSY = 5
const SQLITE_FULL = 13

const SCHEMA = `
  CREATE TABLE facts (
    key BLOB NOT NULL, segment INTEGER NOT NULL, page INTEGER NOT NULL, what INTEGER NOT NULL,
    lineage INTEGER NOT NULL, sequence INTEGER NOT NULL, length INTEGER, bucket INTEGER, sha256 BLOB,
    PRIMARY KEY (key, segment, page, what)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE segments (
    segment INTEGER PRIMARY KEY, end INTEGER NOT NULL, closed INTEGER NOT NULL, live INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE names (number INTEGER PRIMARY KEY, name TEXT NOT NULL) STRICT;
  CREATE TABLE origin (disk TEXT NOT NULL, starts INTEGER NOT NULL, boot TEXT NOT NULL, clean INTEGER NOT NULL) STRICT;
  PRAGMA user_version = ${VERSION};
`

export interface SqliteIndexFile {
  readonly path: string
  /** Changes whenever the system may have lost what was written to this disk and not synced. */
  readonly boot: string
  /** Removes the file and what SQLite keeps beside it; any of them may be missing. */
  remove(): Promise<void>
}

/** The index of `origin`, empty where the file that is there is not to be believed. @throws conflict: in use elsewhere */
export async function openCurrent(file: SqliteIndexFile, origin: IndexOrigin): Promise<DatabaseSync> {
  let database = openLocked(file.path)
  if (database === undefined || !origin.trusted || !isCurrent(database, file.boot, origin)) {
    database?.close()
    await file.remove()
    database = openLocked(file.path)
    if (database === undefined) throw new Error(`no index could be made at ${file.path}`)
    database.exec(SCHEMA)
  }
  database.exec('DELETE FROM origin')
  database.prepare('INSERT INTO origin VALUES (?, ?, ?, 0)').run(origin.disk, origin.starts + 1, file.boot)
  syncAll(database)
  database.exec('PRAGMA synchronous = OFF')
  return database
}

/** The clean mark comes after the sync of all that it vouches for. */
export function closeClean(database: DatabaseSync): void {
  database.exec('PRAGMA synchronous = FULL')
  syncAll(database)
  database.exec('UPDATE origin SET clean = 1')
  syncAll(database)
}

export function isFull(error: unknown): boolean {
  return codeOf(error) === SQLITE_FULL
}

/** Opens the file alone; undefined where it is no database that SQLite can read. */
function openLocked(path: string): DatabaseSync | undefined {
  let database: DatabaseSync | undefined
  try {
    database = new DatabaseSync(path)
    database.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL')
    database.exec(`PRAGMA cache_size = -${CACHE_KIB}; BEGIN IMMEDIATE; COMMIT`)
    return database
  } catch (error) {
    database?.close()
    if (codeOf(error) === SQLITE_BUSY) {
      throw new HoldfastError('conflict', `another process uses the disk of ${path}`, { cause: error })
    }
    return undefined
  }
}

function isCurrent(database: DatabaseSync, boot: string, { disk, starts }: IndexOrigin): boolean {
  try {
    if (database.prepare('PRAGMA user_version').get()?.['user_version'] !== VERSION) return false
    const row = database.prepare('SELECT disk, starts, boot, clean FROM origin').get()
    if (row === undefined) return false
    return row['disk'] === disk && row['starts'] === starts && (row['clean'] === 1 || row['boot'] === boot)
  } catch {
    return false
  }
}

/** Brings the log into the file, and both to the disk. */
function syncAll(database: DatabaseSync): void {
  database.exec('PRAGMA wal_checkpoint(TRUNCATE)')
}

function codeOf(error: unknown): number | undefined {
  return error instanceof Error && 'errcode' in error && typeof error.errcode === 'number'
    ? error.errcode & 0xff
    : undefined
}
