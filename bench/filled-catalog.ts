/**
 * A data directory whose catalog lists many files: 1,000 folders with the same number of names in each, of 4 KiB, 64 in a stripe.
 * Holdfast makes the directory, and with it the schema and the bucket; the rows come straight from SQL, for storing ten million
 * files would take as many PUTs and 68 GB. The drives hold nothing of them.
 *
 *     folder-0000/file-00000 … folder-0999/file-09999        file i: ids, hashes and places made of i
 */
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { Holdfast } from './holdfast.ts'
import type { Context } from './row.ts'

export const FOLDERS = 1000
const FILES_PER_STRIPE = 64
const FILES_PER_STEP = 200_000
/** Changes when what is filled in does: an older directory is then filled anew. */
const VERSION = 3

export interface FilledCatalog {
  readonly directory: string
  readonly files: number
}

/** Numbers from the first argument to below the second. */
const NUMBERS = 'WITH RECURSIVE numbers (i) AS (SELECT ? UNION ALL SELECT i + 1 FROM numbers WHERE i + 1 < ?)'
const ID = (kind: string, i = 'i'): string => `unhex(printf('01a000000000${kind}%018x', ${i}))`
const HASH = `unhex(printf('%064x', i * 2654435761))`
const STATEMENTS = (perFolder: number): string[] => [
  `INSERT INTO files (bucket_id, path, file_id, version_id, size, sha256, content_type, modified_at)
   SELECT ?, CAST(printf('folder-%04d/file-%05d', i / ${perFolder}, i % ${perFolder}) AS BLOB), ${ID('01')}, ${ID('02')}, 4096,
          ${HASH}, NULL, 1790000000000 + i FROM numbers`,
  `INSERT INTO versions (file_id, version_id, kind, size, sha256, content_type, strategy, modified_at, created_at, author, clock,
          chunk_id, pages)
   SELECT ${ID('01')}, ${ID('02')}, 1, 4096, ${HASH}, NULL, 'direct', 1790000000000 + i, 1790000000000 + i, NULL,
          CAST(x'01' || ${ID('01')} || x'0000000000000001' AS BLOB), unhex(printf('%064x', i)), NULL FROM numbers WHERE ? IS NOT NULL`,
  `INSERT INTO chunks (bucket_id, chunk_id, stripe_id, place, stored_bytes, plain_bytes, nonce, suite, codec, key_epoch, refs,
          holder_id, holder_kind)
   SELECT ?, unhex(printf('%064x', i)), ${ID('03', `i / ${FILES_PER_STRIPE}`)}, i % ${FILES_PER_STRIPE} * 4112, 4112, 4096,
          unhex(printf('%024x', i)), 1, 0, 1, 1, ${ID('02')}, 1 FROM numbers`,
  `INSERT INTO stripes (bucket_id, stripe_id, data_shards, parity_shards, shard_bytes, sequence, shards, spare, lacking,
          live_chunks, live_bytes, created_at)
   SELECT ?, ${ID('03', `i / ${FILES_PER_STRIPE}`)}, 3, 2, 91776, 1, zeroblob(240), 2, x'', ${FILES_PER_STRIPE},
          ${FILES_PER_STRIPE * 4112}, 1790000000000 FROM numbers WHERE i % ${FILES_PER_STRIPE} = 0`,
]

/** Fills it, or finds it from a run before. */
export async function filledCatalog({ shared, isQuick, say }: Context): Promise<FilledCatalog> {
  const files = isQuick ? 100_000 : 10_000_000
  const directory = join(shared, `filled-${files}`)
  // Written last, so that a directory that was half filled is not taken for a whole one.
  const mark = join(shared, `filled-${files}.version`)
  if ((await readFile(mark, 'utf8').catch(() => '')) === String(VERSION)) return { directory, files }
  await rm(mark, { force: true })
  await rm(directory, { recursive: true, force: true })
  await mkdir(directory, { recursive: true })
  await using holdfast = await Holdfast.start(directory)
  await holdfast[Symbol.asyncDispose]()
  say(`filling a catalog with ${files.toLocaleString('en')} files`)
  fill(join(directory, 'catalog', 'catalog.sqlite'), files)
  await writeFile(mark, String(VERSION))
  return { directory, files }
}

function fill(path: string, files: number): void {
  const database = new DatabaseSync(path)
  try {
    // Nothing of a catalog that is not whole is ever used, so it may be written without a journal.
    database.exec('PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -262144')
    const bucket = database.prepare(`SELECT bucket_id FROM buckets WHERE name = 'default'`).get()?.['bucket_id']
    if (!(bucket instanceof Uint8Array)) throw new Error('there is no default bucket')
    const statements = STATEMENTS(files / FOLDERS).map((sql) => database.prepare(withNumbers(sql)))
    for (let from = 0; from < files; from += FILES_PER_STEP) {
      database.exec('BEGIN')
      for (const statement of statements)
        statement.run(BigInt(from), BigInt(Math.min(files, from + FILES_PER_STEP)), bucket)
      database.exec('COMMIT')
    }
    database.exec('PRAGMA synchronous = FULL; PRAGMA journal_mode = WAL; PRAGMA wal_checkpoint(TRUNCATE)')
  } finally {
    database.close()
  }
}

/** A common table expression of an INSERT stands in front of it. */
function withNumbers(insert: string): string {
  return `${NUMBERS} ${insert}`
}
