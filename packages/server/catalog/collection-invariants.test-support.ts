/** What must hold after every step of `collection-world.test-support.ts`, and what when everybody has gone home. */
import assert from 'node:assert/strict'
import type { Id } from '@holdfast/core/wire/ids.ts'
import type { World } from './collection-world.test-support.ts'
import { decodeEntries, decodePageList } from './page-list.ts'
import type { Row, Value } from './transaction.ts'
import { recount } from './transactions/recount.ts'

/** How much is checked; a test that counts on wrong counts leaves their check out. */
export interface Strictness {
  readonly counts: boolean
  readonly marks: boolean
}

export function assertHolds(world: World, { counts, marks }: Strictness): void {
  assertNames(world)
  const rows = ask(
    world,
    'SELECT c.chunk_id, c.condemned, s.stripe_id FROM chunks c LEFT JOIN stripes s ON s.stripe_id = c.stripe_id',
  )
  const places = new Map(rows.map((row) => [hex(row['chunk_id']), row]))
  const onNodes = new Set<string>(world.onNodes)
  for (const chunk of referredChunks(world)) {
    const row = places.get(chunk)
    assert(row !== undefined, 'a chunk that a version refers to is there')
    assert(row['stripe_id'] !== null, 'the stripe of a chunk that a version refers to is there')
    assert(onNodes.has(hex(row['stripe_id'])), 'the shards of a chunk that a version refers to were not deleted')
    if (marks) assert.equal(row['condemned'], null, 'a chunk that a version refers to is not condemned')
  }
  if (counts) assertCounts(world)
}

/** Nothing is left that no version refers to. */
export function assertNoLeak(world: World): void {
  const pages = new Set(referredPages(world))
  const chunks = referredChunks(world)
  assert.deepEqual(sorted(ask(world, 'SELECT page_id AS id FROM pages')), [...pages].sort(), 'no page is left over')
  assert.deepEqual(sorted(ask(world, 'SELECT page_id AS id FROM page_entries')), [...pages].sort())
  assert.deepEqual(sorted(ask(world, 'SELECT chunk_id AS id FROM chunks')), [...chunks].sort(), 'no chunk is left over')
  const stripes = sorted(ask(world, 'SELECT DISTINCT stripe_id AS id FROM chunks'))
  assert.deepEqual(sorted(ask(world, 'SELECT stripe_id AS id FROM stripes')), stripes, 'no stripe is left over')
  assert.deepEqual([...world.onNodes].sort(), stripes, 'no shard is left over')
}

/** The slow pass agrees: also every version and page has the rows of what it refers to. */
export function assertRecounts(world: World): void {
  for (const pass of ['chunks', 'pages', 'versions'] as const) {
    const { differences, next } = world.catalog.run(recount, { after: { pass, key: '' }, limit: 1000 })
    assert.deepEqual(differences, [])
    assert.notEqual(next?.pass, pass)
  }
}

/** The files that are there, and their kept versions, are those of the model: nothing deleted comes back. */
function assertNames(world: World): void {
  const files = ask(world, 'SELECT path, file_id, version_id FROM files ORDER BY path')
  const expected = [...world.names.paths]
    .sort()
    .map(([path, file]) => [path, file, world.names.histories.get(file)?.at(-1)?.version])
  const found = files.map((row) => [
    Buffer.from(bytes(row['path'])).toString(),
    hex(row['file_id']),
    hex(row['version_id']),
  ])
  assert.deepEqual(found, expected, 'the files are those of the model')
  const versions = sorted(ask(world, 'SELECT version_id AS id FROM versions'))
  const kept = [...world.names.histories.values()].flatMap((history) => history.map(({ version }) => version))
  assert.deepEqual(versions, kept.sort(), 'the versions are those of the model')
}

function assertCounts(world: World): void {
  const wrong = ask(
    world,
    `SELECT 'chunk' AS what FROM chunks c WHERE refs <> (holder_id IS NOT NULL) +
       (SELECT count(*) FROM chunk_refs r WHERE r.bucket_id = c.bucket_id AND r.chunk_id = c.chunk_id)
     UNION ALL SELECT 'page' FROM pages p WHERE refs <>
       (SELECT count(*) FROM page_refs r WHERE r.bucket_id = p.bucket_id AND r.page_id = p.page_id)
     UNION ALL SELECT 'reference to no chunk' FROM chunk_refs r WHERE NOT EXISTS
       (SELECT 1 FROM chunks c WHERE c.bucket_id = r.bucket_id AND c.chunk_id = r.chunk_id)
     UNION ALL SELECT 'held twice' FROM chunk_refs r WHERE EXISTS
       (SELECT 1 FROM chunks c WHERE c.bucket_id = r.bucket_id AND c.chunk_id = r.chunk_id AND c.holder_id = r.holder_id)
     UNION ALL SELECT 'stripe' FROM stripes s WHERE live_chunks <>
       (SELECT count(*) FROM chunks c WHERE c.stripe_id = s.stripe_id)
     UNION ALL SELECT 'bytes of a stripe' FROM stripes s WHERE live_bytes <>
       (SELECT coalesce(sum(stored_bytes), 0) FROM chunks c WHERE c.stripe_id = s.stripe_id)`,
  )
  assert.deepEqual(wrong, [], 'every count is right')
}

function referredPages(world: World): Id[] {
  return [...world.names.histories.values()]
    .flat()
    .flatMap(({ content }) => content?.pages?.map(({ page }) => page) ?? [])
}

/** From the rows of the versions, so that what is read is what is checked. */
function referredChunks(world: World): Set<string> {
  const rows = ask(world, 'SELECT chunk_id, pages FROM versions WHERE kind = 1')
  const referred = new Set<string>()
  const pages = new Set<Id>()
  for (const { chunk_id: chunk, pages: list } of rows) {
    if (chunk instanceof Uint8Array) referred.add(hex(chunk))
    if (list instanceof Uint8Array) for (const { page } of decodePageList(list)) pages.add(page)
  }
  if (pages.size === 0) return referred
  const entries = new Map(
    ask(world, 'SELECT page_id, entries FROM page_entries').map((row) => [hex(row['page_id']), bytes(row['entries'])]),
  )
  for (const page of pages) {
    const stored = entries.get(page)
    assert(stored !== undefined, 'a page that a version refers to is there')
    for (const { chunk } of decodeEntries(stored)) referred.add(chunk)
  }
  return referred
}

function ask(world: World, sql: string, ...args: Value[]): Row[] {
  return world.catalog.engine.query(sql, args)
}

function sorted(rows: readonly Row[]): string[] {
  return rows.map((row) => hex(row['id'])).sort()
}

function bytes(value: Value | undefined): Uint8Array {
  assert(value instanceof Uint8Array)
  return value
}

function hex(value: Value | undefined): string {
  return Buffer.from(bytes(value)).toString('hex')
}
