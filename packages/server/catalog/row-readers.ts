/**
 * The columns that make up each of `rows.ts`'s shapes, and the readers that build the shape from a row. No two lists name a
 * column alike that means something else, so that they can stand in one SELECT.
 */
import { assert } from '@holdfast/core/wire/assert.ts'
import type { Id } from '@holdfast/core/wire/ids.ts'
import { type Strategy, strategies } from '@holdfast/core/wire/strategy.ts'
import { bytesIn, chunkIdIn, idIn, numberIn, orNull, sha256In, stripeIdIn, textIn } from './cells.ts'
import { unpackShards } from './packed-shards.ts'
import { decodePageList } from './page-list.ts'
import { pathOf } from './path-range.ts'
import type { ChunkPlace, FileRow, StripeRow, VersionRow } from './rows.ts'
import type { Row } from './transaction.ts'

export const CONTENT = 1
export const DELETED = 2

/** Of `files f`, without the bucket's id. */
export const FILE_DETAILS = 'f.file_id, f.path, f.version_id, f.size, f.sha256, f.content_type, f.modified_at'
export const FILE_COLUMNS = `f.bucket_id, ${FILE_DETAILS}`

/** Of `versions v`. */
export const VERSION_COLUMNS =
  'v.file_id, v.version_id, v.kind, v.size, v.sha256, v.content_type, v.strategy, v.modified_at, v.created_at, ' +
  'v.author, v.clock, v.chunk_id, v.pages'

/** Of `chunks c`, without the ids of chunk and stripe. */
export const PLACE_DETAILS = 'c.place, c.stored_bytes, c.plain_bytes, c.nonce, c.suite, c.codec, c.key_epoch'
export const PLACE_COLUMNS = `c.chunk_id, c.stripe_id, ${PLACE_DETAILS}`

/** Of `stripes s`, without the bucket's id. */
export const STRIPE_DETAILS =
  's.stripe_id, s.data_shards, s.parity_shards, s.shard_bytes, s.sequence, s.shards, ' +
  's.created_at AS stripe_created_at, s.condemned AS stripe_condemned'
export const STRIPE_COLUMNS = `s.bucket_id, ${STRIPE_DETAILS}`

export function fileRow(row: Row, bucket = idIn(row, 'bucket_id')): FileRow {
  return {
    file: idIn(row, 'file_id'),
    bucket,
    path: pathOf(bytesIn(row, 'path')),
    version: idIn(row, 'version_id'),
    size: numberIn(row, 'size'),
    sha256: sha256In(row, 'sha256'),
    contentType: orNull(row, 'content_type', textIn),
    modifiedAt: numberIn(row, 'modified_at'),
  }
}

/** The file as it was in a version that has contents. */
export function fileIn(version: VersionRow, bucket: Id, path: string): FileRow {
  const { file, size, sha256, contentType, modifiedAt } = version
  assert(sha256 !== null, 'a version with contents has their hash')
  return { file, bucket, path, version: version.version, size, sha256, contentType, modifiedAt }
}

export function versionRow(row: Row): VersionRow {
  return {
    file: idIn(row, 'file_id'),
    version: idIn(row, 'version_id'),
    kind: numberIn(row, 'kind') === CONTENT ? 'content' : 'deleted',
    size: numberIn(row, 'size'),
    sha256: orNull(row, 'sha256', sha256In),
    contentType: orNull(row, 'content_type', textIn),
    strategy: orNull(row, 'strategy', strategyIn),
    modifiedAt: numberIn(row, 'modified_at'),
    createdAt: numberIn(row, 'created_at'),
    author: orNull(row, 'author', idIn),
    clock: bytesIn(row, 'clock'),
    chunk: orNull(row, 'chunk_id', chunkIdIn),
    pages: orNull(row, 'pages', (from, column) => decodePageList(bytesIn(from, column))),
  }
}

export function chunkPlace(row: Row): ChunkPlace {
  return {
    chunk: chunkIdIn(row, 'chunk_id'),
    stripe: stripeIdIn(row, 'stripe_id'),
    place: numberIn(row, 'place'),
    storedBytes: numberIn(row, 'stored_bytes'),
    plainBytes: numberIn(row, 'plain_bytes'),
    nonce: bytesIn(row, 'nonce'),
    suite: numberIn(row, 'suite'),
    codec: numberIn(row, 'codec'),
    keyEpoch: numberIn(row, 'key_epoch'),
  }
}

export function stripeRow(row: Row, bucket = idIn(row, 'bucket_id')): StripeRow {
  return {
    stripe: stripeIdIn(row, 'stripe_id'),
    bucket,
    dataShards: numberIn(row, 'data_shards'),
    parityShards: numberIn(row, 'parity_shards'),
    shardBytes: numberIn(row, 'shard_bytes'),
    sequence: numberIn(row, 'sequence'),
    shards: unpackShards(bytesIn(row, 'shards')),
    createdAt: numberIn(row, 'stripe_created_at'),
    condemned: orNull(row, 'stripe_condemned', numberIn),
  }
}

function strategyIn(row: Row, column: string): Strategy {
  const found = strategies.find((strategy) => strategy === row[column])
  assert(found !== undefined, `${column} holds a strategy`)
  return found
}
