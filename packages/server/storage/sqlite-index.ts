/**
 * The index of a real disk: one SQLite file beside the segments, never synced while the disk is in use. Facts wait in
 * memory until one transaction takes many of them; what a `kill -9` takes from that memory is read again from the segments.
 *
 * A failure of SQLite is no failure of the disk; the caller opens the disk anew and does not trust what lies there.
 */
import type { DatabaseSync, StatementSync } from 'node:sqlite'
import type { Sha256 } from '@holdfast/core/wire/ids.ts'
import type { Clock, Timer } from '../seams/clock.ts'
import type { Disk } from '../seams/disk.ts'
import type { Fact } from './facts.ts'
import { RECORD_ALIGN } from './record.ts'
import { IndexFailedError, type IndexOrigin, type OpenIndex, type SegmentInfo, type ShardIndex } from './shard-index.ts'
import type { ShardKey } from './shard-key.ts'
import { closeClean, isFull, openCurrent, type SqliteIndexFile } from './sqlite-index-file.ts'

/** What a crash of the process may cost in reading again; a flush stops the event loop for some microseconds per fact. */
const FLUSH_DELAY_MS = 100
/** A full disk leaves facts waiting, while purges make room; beyond this many the index gives up. */
const WAITING_FACTS_CEILING = 100_000

const FILE = 'index.sqlite'
const COLUMNS = 'key, segment, page, what, lineage, sequence, length, bucket, sha256'
const WHATS = ['put', 'delete', 'purge', 'restore', 'quarantine'] as const

type Row = [
  key: Uint8Array,
  segment: number,
  page: number,
  what: number,
  lineage: number,
  sequence: number,
  length: number,
  bucket: number,
  sha256: Uint8Array,
]

/** A disk whose names SQLite can open by path. */
export interface IndexDirectory extends Pick<Disk, 'exists' | 'remove'> {
  pathOf(name: string): string
}

/** What opens the index of a disk that lies in a directory of the file system. */
export function openSqliteIndex(directory: IndexDirectory, { boot, clock }: { boot: string; clock: Clock }): OpenIndex {
  const file: SqliteIndexFile = {
    path: directory.pathOf(FILE),
    boot,
    async remove() {
      for (const name of [FILE, `${FILE}-wal`, `${FILE}-shm`, `${FILE}-journal`]) {
        if (await directory.exists(name)) await directory.remove(name)
      }
    },
  }
  return (origin) => SqliteIndex.open(file, clock, origin)
}

class SqliteIndex implements ShardIndex {
  readonly #database: DatabaseSync
  readonly #clock: Clock
  readonly #waiting = new Map<ShardKey, Fact[]>()
  readonly #waitingSegments = new Map<number, SegmentInfo>()
  #waitingFacts = 0
  #timer: Timer | undefined
  /** Set when a flush on the timer failed: thrown at the next call. */
  #failure: IndexFailedError | undefined
  /** No stored key is higher. Ids grow with time, so nearly every new shard is known to be new without asking SQLite. */
  #highestKey: string
  /** Lineages and buckets repeat in every row, so a row holds their numbers. */
  readonly #numberOfName = new Map<string, number>()
  readonly #nameOfNumber: string[] = []
  #namesStored = 0
  readonly #select: StatementSync
  readonly #selectAfter: StatementSync
  readonly #insert: StatementSync
  readonly #delete: StatementSync
  readonly #setSegment: StatementSync
  readonly #insertName: StatementSync

  private constructor(database: DatabaseSync, clock: Clock) {
    this.#database = database
    this.#clock = clock
    this.#select = database.prepare(`SELECT ${COLUMNS} FROM facts WHERE key = ?`)
    this.#selectAfter = database.prepare(`SELECT ${COLUMNS} FROM facts WHERE key > ? ORDER BY key LIMIT ?`)
    this.#insert = database.prepare(`INSERT OR REPLACE INTO facts (${COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`)
    this.#delete = database.prepare('DELETE FROM facts WHERE key = ? AND segment = ? AND page = ? AND what = ?')
    this.#setSegment = database.prepare('INSERT OR REPLACE INTO segments VALUES (?, ?, ?, ?)')
    this.#insertName = database.prepare('INSERT INTO names VALUES (?, ?)')
    this.#select.setReturnArrays(true)
    this.#selectAfter.setReturnArrays(true)
    const highest = database.prepare('SELECT max(key) AS key FROM facts').get()?.['key']
    this.#highestKey = highest instanceof Uint8Array ? hexOf(highest) : ''
    for (const row of database.prepare('SELECT name FROM names ORDER BY number').all())
      this.#numberOf(String(row['name']))
    this.#namesStored = this.#nameOfNumber.length
  }

  /** @throws conflict where another process has this index open, and therefore the disk */
  static async open(file: SqliteIndexFile, clock: Clock, origin: IndexOrigin): Promise<SqliteIndex> {
    return new SqliteIndex(await openCurrent(file, origin), clock)
  }

  facts(key: ShardKey): readonly Fact[] {
    const waiting = this.#waiting.get(key)
    if (key > this.#highestKey) return waiting ?? []
    const stored = this.#stored(key)
    if (waiting === undefined) return stored
    return stored.length === 0 ? waiting : stored.concat(waiting)
  }

  factsAfter(after: ShardKey | undefined, factsMax: number): readonly Fact[] {
    const rows = this.#asked((): unknown[] => this.#selectAfter.all(Buffer.from(after ?? '', 'hex'), factsMax))
    const found = rows.map((row) => this.#factOf(row as Row))
    // Where the limit was reached, it may have cut the last key's facts in two: they are asked for again as a whole.
    const last = found.length === factsMax ? found.at(-1)?.key : undefined
    const facts = last === undefined ? found : found.filter(({ key }) => key !== last).concat(this.#stored(last))
    for (const [key, waiting] of this.#waiting) {
      if ((after === undefined || key > after) && (last === undefined || key <= last)) facts.push(...waiting)
    }
    return facts.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
  }

  add(fact: Fact): void {
    this.#waiting.set(fact.key, [...(this.#waiting.get(fact.key) ?? []), fact])
    this.#waitingFacts++
  }

  remove(facts: readonly Fact[]): void {
    this.flush()
    this.#transact(() => {
      for (const fact of facts) {
        this.#delete.run(
          Buffer.from(fact.key, 'hex'),
          fact.segment,
          fact.offset / RECORD_ALIGN,
          WHATS.indexOf(fact.what),
        )
      }
    })
  }

  segments(): SegmentInfo[] {
    const rows = this.#asked(() => this.#database.prepare('SELECT segment, end, closed, live FROM segments').all())
    const segments = new Map<number, SegmentInfo>()
    for (const row of rows) {
      const segment = Number(row['segment'])
      const [endBytes, liveBytes] = [Number(row['end']), Number(row['live'])]
      segments.set(segment, { segment, endBytes, closed: row['closed'] === 1, liveBytes })
    }
    for (const info of this.#waitingSegments.values()) segments.set(info.segment, info)
    return [...segments.values()]
  }

  setSegment(info: SegmentInfo): void {
    this.#waitingSegments.set(info.segment, info)
    this.#timer ??= this.#clock.after(FLUSH_DELAY_MS, () => this.#flushLater())
  }

  dropSegment(segment: number): void {
    this.#waitingSegments.delete(segment)
    this.#asked(() => this.#database.prepare('DELETE FROM segments WHERE segment = ?').run(segment))
  }

  flush(): void {
    this.#timer?.cancel()
    this.#timer = undefined
    if (this.#waitingFacts === 0 && this.#waitingSegments.size === 0) return
    this.#transact(() => {
      for (const facts of this.#waiting.values()) for (const fact of facts) this.#insertFact(fact)
      for (const { segment, endBytes, closed, liveBytes } of this.#waitingSegments.values()) {
        this.#setSegment.run(segment, endBytes, closed ? 1 : 0, liveBytes)
      }
      for (let number = this.#namesStored; number < this.#nameOfNumber.length; number++) {
        this.#insertName.run(number, this.#nameOf(number))
      }
    })
    this.#namesStored = this.#nameOfNumber.length
    this.#waiting.clear()
    this.#waitingSegments.clear()
    this.#waitingFacts = 0
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.flush()
      this.#asked(() => closeClean(this.#database))
    } finally {
      this.#timer?.cancel()
      this.#database.close()
    }
  }

  #stored(key: ShardKey): Fact[] {
    const rows = this.#asked((): unknown[] => this.#select.all(Buffer.from(key, 'hex')))
    return rows.map((row) => this.#factOf(row as Row))
  }

  #flushLater(): void {
    this.#timer = undefined
    try {
      this.flush()
    } catch (error) {
      if (!(error instanceof IndexFailedError)) throw error
      const waits = error.isFull && this.#waitingFacts < WAITING_FACTS_CEILING
      if (waits) this.#timer = this.#clock.after(FLUSH_DELAY_MS, () => this.#flushLater())
      else this.#failure = error
    }
  }

  #asked<T>(ask: () => T): T {
    if (this.#failure !== undefined) throw this.#failure
    try {
      return ask()
    } catch (error) {
      throw new IndexFailedError(error, isFull(error))
    }
  }

  #insertFact(fact: Fact): void {
    if (fact.key > this.#highestKey) this.#highestKey = fact.key
    const key = Buffer.from(fact.key, 'hex')
    const page = fact.offset / RECORD_ALIGN
    const what = WHATS.indexOf(fact.what)
    const lineage = this.#numberOf(fact.lineage)
    if (fact.what === 'put') {
      const { segment, sequence, payloadLength, bucket, sha256 } = fact
      const hash = Buffer.from(sha256, 'hex')
      this.#insert.run(key, segment, page, what, lineage, sequence, payloadLength, this.#numberOf(bucket), hash)
    } else this.#insert.run(key, fact.segment, page, what, lineage, fact.sequence, null, null, null)
  }

  #factOf([key, segment, page, number, lineage, sequence, payloadLength, bucket, sha256]: Row): Fact {
    const what = WHATS[number] ?? 'put'
    const base = { segment, offset: page * RECORD_ALIGN, lineage: this.#nameOf(lineage), sequence }
    // The lengths of key and hash are those that `#insertFact` stored, so the brands hold.
    const whose = hexOf(key) as ShardKey
    if (what !== 'put') return { key: whose, what, ...base }
    return { key: whose, what, payloadLength, sha256: hexOf(sha256) as Sha256, bucket: this.#nameOf(bucket), ...base }
  }

  #numberOf(name: string): number {
    const known = this.#numberOfName.get(name)
    if (known !== undefined) return known
    this.#numberOfName.set(name, this.#nameOfNumber.length)
    return this.#nameOfNumber.push(name) - 1
  }

  #nameOf(number: number): string {
    return this.#nameOfNumber[number] ?? ''
  }

  #transact(act: () => void): void {
    this.#asked(() => {
      this.#database.exec('BEGIN')
      try {
        act()
        this.#database.exec('COMMIT')
      } finally {
        if (this.#database.isTransaction) this.#database.exec('ROLLBACK')
      }
    })
  }
}

function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex')
}
