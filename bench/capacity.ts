/**
 * `node bench/capacity.ts` prints what the catalog and the nodes' indexes take at 100 million files and 100 TB: rows by the assumptions
 * below, bytes per row from tables that are filled here through the real schema, in the order in which keys arrive in life (ids of
 * contents at random, own ids growing), because the order decides how full SQLite's pages are. `docs/capacity.md` explains it.
 */
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { asId } from '@holdfast/core/wire/ids.ts'
import { SqliteEngine } from '../packages/server/catalog/sqlite-engine.ts'
import { openCurrent } from '../packages/server/storage/sqlite-index-file.ts'
import { GiB, KiB, MiB } from './row.ts'

const FILLED_ROWS = 200_000
const ROWS_PER_STEP = 5000

const FILES = 100e6
const CONTENT_BYTES = 100e12
const LONE_PART = 0.7
const LONE_BYTES = 16 * KiB
const CHUNK_BYTES = MiB
const SECOND_VERSIONS = 0.2
const DATA_SHARDS = 3
const SHARDS = 5
/** Of small files that arrive 64 at once; one in each where every small file arrives alone. */
const LONE_CHUNKS_PER_STRIPE = 64
const STRIPE_BYTES_MAX = DATA_SHARDS * 2 * MiB

const loneFiles = FILES * LONE_PART
const largeFiles = FILES - loneFiles
const largeBytes = CONTENT_BYTES - loneFiles * LONE_BYTES
const loneVersions = loneFiles * (1 + SECOND_VERSIONS)
/** A second version of a large file is an edit in one place: a chunk and a page of its own, the other chunks shared. */
const largeEdits = largeFiles * SECOND_VERSIONS
const largeVersions = largeFiles + largeEdits
const chunksPerLarge = largeBytes / CHUNK_BYTES / largeFiles
const largeChunks = largeFiles * chunksPerLarge + largeEdits
const packedStripes = loneVersions / LONE_CHUNKS_PER_STRIPE
/** Above 1 MiB a file fills stripes of its own, as few as hold it. */
const largeStripes = largeFiles * Math.max(1, (chunksPerLarge * CHUNK_BYTES) / STRIPE_BYTES_MAX) + largeEdits
const stripes = packedStripes + largeStripes
const shards = stripes * SHARDS

/** Of a PUT's answer, kept for whoever asks again under the same key. */
const ANSWER_CHARACTERS = 340

type Value = string | number | Uint8Array | null

interface Table {
  readonly name: string
  readonly rows: number
  readonly columns: string
  readonly row: (i: number) => Value[]
}

const nowMs = 1_790_000_000_000
const bucket = ownId(1, 0)
/** As long as paths are in people's trees. */
const pathOf = (i: number): Buffer => Buffer.from(`projects/2026/customer-${i % 9973}/report-${i}.dat`)
const shuffled = permutation(FILLED_ROWS)
const chunkIds = Array.from({ length: FILLED_ROWS }, () => randomBytes(32))
const pageIds = chunkIds.map((id) => id.subarray(0, 16))

function version(i: number, chunk: Uint8Array | null, pages: Uint8Array | null, size: number): Value[] {
  const clock = Buffer.concat([Buffer.of(1), ownId(6, 0), Buffer.alloc(8, 1)])
  const times = [nowMs + i, nowMs + i]
  return [
    ownId(2, i),
    ownId(3, i),
    1,
    size,
    randomBytes(32),
    'text/plain',
    'direct',
    ...times,
    null,
    clock,
    chunk,
    pages,
  ]
}

const VERSION_COLUMNS =
  'file_id, version_id, kind, size, sha256, content_type, strategy, modified_at, created_at, author, clock, chunk_id, pages'

const TABLES: readonly Table[] = [
  {
    name: 'files',
    rows: FILES,
    columns: 'bucket_id, path, file_id, version_id, size, sha256, content_type, modified_at',
    row: (i) => {
      const path = pathOf(shuffled[i] ?? 0)
      return [bucket, path, ownId(2, i), ownId(3, i), LONE_BYTES, randomBytes(32), 'text/plain', nowMs + i]
    },
  },
  {
    name: 'versions of one chunk',
    rows: loneVersions,
    columns: VERSION_COLUMNS,
    row: (i) => version(i, randomBytes(32), null, LONE_BYTES),
  },
  {
    name: 'versions with pages',
    rows: largeVersions,
    columns: VERSION_COLUMNS,
    row: (i) => version(i, null, randomBytes(28), 3_300_000),
  },
  {
    name: 'pages',
    rows: largeVersions,
    columns: 'bucket_id, page_id, refs, condemned',
    row: (i) => [bucket, pageIds[i] ?? null, 1, null],
  },
  {
    name: 'page_entries',
    rows: largeVersions,
    columns: 'bucket_id, page_id, entries',
    row: (i) => [bucket, pageIds[i] ?? null, randomBytes(36 * (3 + (i % 7 === 0 ? 1 : 0)))],
  },
  {
    name: 'page_refs',
    rows: largeVersions,
    columns: 'bucket_id, page_id, file_id, version_id',
    row: (i) => [bucket, pageIds[i] ?? null, ownId(2, i), ownId(3, i)],
  },
  {
    name: 'chunks',
    rows: loneVersions + largeChunks,
    columns:
      'bucket_id, chunk_id, stripe_id, place, stored_bytes, plain_bytes, nonce, suite, codec, key_epoch, refs, condemned, holder_id, holder_kind',
    row: (i) => {
      const lengths = [i % STRIPE_BYTES_MAX, CHUNK_BYTES + 16, CHUNK_BYTES]
      const holds = [1, null, ownId(3, i), 1]
      return [bucket, chunkIds[i] ?? null, ownId(4, i >> 6), ...lengths, randomBytes(12), 1, 0, 1, ...holds]
    },
  },
  {
    name: 'chunk_refs',
    // A chunk's first holder stands in the chunk's row: these are the pages of edits, for what they share.
    rows: largeEdits * (chunksPerLarge - 1),
    columns: 'bucket_id, chunk_id, holder_id, holder_kind',
    row: (i) => [bucket, chunkIds[i] ?? null, pageIds[i] ?? null, 2],
  },
  {
    name: 'stripes',
    rows: stripes,
    columns:
      'stripe_id, bucket_id, data_shards, parity_shards, shard_bytes, sequence, shards, spare, lacking, live_chunks, live_bytes, created_at, condemned',
    row: (i) => {
      const [shards, lacking] = [randomBytes(48 * SHARDS), new Uint8Array()]
      return [ownId(4, i), bucket, 3, 2, 700_000, i, shards, 2, lacking, 64, 2_000_000, nowMs + i, null]
    },
  },
  {
    name: 'outbox',
    rows: loneVersions + largeVersions,
    columns: 'change_id, number, at, type, actor, request_id, bucket_id, subject, data',
    row: (i) => {
      const data = { path: pathOf(i).toString(), version: ownId(3, i).toString('hex'), size: LONE_BYTES, created: true }
      const who = ['admin', ownId(7, i).toString('hex')]
      return [ownId(5, i), null, nowMs + i, 'file.changed', ...who, bucket, ownId(2, i), JSON.stringify(data)]
    },
  },
  {
    name: 'deleted_files',
    rows: 0,
    columns: 'bucket_id, path, file_id, version_id, deleted_at',
    row: (i) => [bucket, pathOf(shuffled[i] ?? 0), ownId(2, i), ownId(3, i), nowMs + i],
  },
  {
    name: 'file_tags',
    rows: 0,
    columns: 'file_id, key, value, bucket_id',
    row: (i) => [ownId(2, shuffled[i] ?? 0), 'category', `category-${i % 100}`, bucket],
  },
  {
    name: 'idempotency',
    rows: 0,
    columns: 'key_hash, session_id, claimed_at, body_sha256, status, answer',
    row: (i) => [randomBytes(32), ownId(8, i >> 10), nowMs + i, randomBytes(32), 201, 'a'.repeat(ANSWER_CHARACTERS)],
  },
  {
    name: 'node_orders',
    rows: 0,
    columns: 'node, sequence, stripe_id, shard, deed, at',
    row: (i) => [(i % SHARDS) + 1, i, ownId(4, i), i % SHARDS, 1, nowMs + i],
  },
]

/** 16 bytes that grow with `i`; the second half is random, as an own id's is. */
function ownId(kind: number, i: number): Buffer {
  const id = randomBytes(16)
  id.writeUIntBE(nowMs + i * 10 + kind, 0, 6)
  return id
}

function permutation(length: number): Uint32Array {
  const numbers = Uint32Array.from({ length }, (_, i) => i)
  for (let i = length - 1; i > 0; i--) {
    const other = Math.floor(Math.random() * (i + 1))
    const kept = numbers[i] ?? 0
    numbers[i] = numbers[other] ?? 0
    numbers[other] = kept
  }
  return numbers
}

/** Bytes per row of the table, its own indexes included. */
function bytesPerRow(path: string, table: string, { columns, row }: Pick<Table, 'columns' | 'row'>): number {
  const database = new DatabaseSync(path)
  try {
    database.exec('PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF')
    const placeholders = columns.split(',').map(() => '?')
    const insert = database.prepare(`INSERT INTO ${table} (${columns}) VALUES (${placeholders.join(', ')})`)
    for (let i = 0; i < FILLED_ROWS; i += ROWS_PER_STEP) {
      database.exec('BEGIN')
      for (let each = i; each < i + ROWS_PER_STEP; each++) insert.run(...row(each).map(whole))
      database.exec('COMMIT')
    }
    const sum = database.prepare(
      'SELECT sum(pgsize) AS bytes FROM dbstat WHERE name IN (SELECT name FROM sqlite_schema WHERE tbl_name = ?)',
    )
    return Number(sum.get(table)?.['bytes']) / FILLED_ROWS
  } finally {
    database.close()
  }
}

/** As the catalog binds them. */
function whole(value: Value): string | bigint | Uint8Array | null {
  return typeof value === 'number' ? BigInt(Math.floor(value)) : value
}

/** A shard's fact on a node: keys grow, but for the few sessions that are open at once. */
const FACT = {
  columns: 'key, segment, page, what, lineage, sequence, length, bucket, sha256',
  row: (i: number): Value[] => {
    const key = Buffer.concat([ownId(4, i), Buffer.of(i % SHARDS)])
    return [key, i >> 8, (i & 255) * 170, 0, 0, i, 700_000, 1, randomBytes(32)]
  },
}

function print(name: string, rows: number, perRow: number): number {
  const million = (rows / 1e6).toLocaleString('en', { minimumFractionDigits: 1, maximumFractionDigits: 1 })
  const gib = (rows * perRow) / GiB
  console.log(
    `| ${name} | ${rows === 0 ? '–' : million} | ${perRow.toFixed(0)} | ${rows === 0 ? '–' : gib.toFixed(1)} |`,
  )
  return rows * perRow
}

const directory = await mkdtemp(join(tmpdir(), 'holdfast-capacity-'))
try {
  console.log(`| table | million rows | bytes per row | GiB |\n| --- | ---: | ---: | ---: |`)
  let bytes = 0
  for (const table of TABLES) {
    const path = join(directory, `${table.name}.sqlite`)
    const engine = SqliteEngine.open(path)
    engine.migrate()
    engine[Symbol.dispose]()
    bytes += print(table.name, table.rows, bytesPerRow(path, table.name.split(' ')[0] ?? '', table))
    await rm(path)
  }
  console.log(`| **all** | | | **${(bytes / GiB).toFixed(0)}** |`)

  const path = join(directory, 'index.sqlite')
  const origin = { disk: asId(ownId(9, 0).toString('hex')), starts: 1, trusted: false }
  const index = await openCurrent({ path, boot: 'capacity', remove: () => rm(path, { force: true }) }, origin)
  index.exec('PRAGMA wal_checkpoint(TRUNCATE)')
  index.close()
  const perShard = bytesPerRow(path, 'facts', FACT)
  print('`facts` of each of five nodes', shards / SHARDS, perShard)
  console.log(
    `\n${(loneVersions / 1e6).toFixed(1)} M lone and ${(largeChunks / 1e6).toFixed(1)} M other chunks, ${chunksPerLarge.toFixed(2)} per large file; ` +
      `${(packedStripes / 1e6).toFixed(2)} M packed and ${(largeStripes / 1e6).toFixed(1)} M other stripes; ${(shards / 1e6).toFixed(0)} M shards`,
  )
} finally {
  await rm(directory, { recursive: true, force: true })
}
