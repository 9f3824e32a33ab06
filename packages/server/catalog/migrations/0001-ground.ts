import type { Migration } from '../dialect.ts'

/** Words of the tables: `docs/formats.md`, *The catalog*. Times are milliseconds; flags are 0 or 1. */
export const ground: Migration = {
  number: 1,
  name: 'ground',
  statements: ({ bytes, integer, text, clustered, heap }) => [
    `CREATE TABLE cluster (
      one ${integer} PRIMARY KEY CHECK (one = 1),
      cluster_id ${bytes} NOT NULL,
      lineage ${bytes} NOT NULL,
      sequence ${integer} NOT NULL,
      recovery_public_key ${bytes} NOT NULL,
      sealed_header ${bytes} NOT NULL,
      changes_gone ${integer} NOT NULL,
      created_at ${integer} NOT NULL
    ) ${heap}`,
    `CREATE TABLE leaders (
      role ${text} PRIMARY KEY,
      holder ${bytes} NOT NULL,
      term ${integer} NOT NULL,
      expires_at ${integer} NOT NULL
    ) ${clustered}`,
    `CREATE TABLE nodes (
      number ${integer} PRIMARY KEY,
      node_id ${bytes} NOT NULL UNIQUE,
      disk_id ${bytes} NOT NULL UNIQUE,
      name ${text} NOT NULL,
      zone ${text} NOT NULL,
      region ${text} NOT NULL,
      weight ${integer} NOT NULL,
      state ${text} NOT NULL,
      capacity_bytes ${integer} NOT NULL,
      free_bytes ${integer} NOT NULL,
      starts ${integer} NOT NULL,
      start_id ${bytes} NOT NULL,
      joined_at ${integer} NOT NULL,
      seen_at ${integer} NOT NULL,
      recent_after ${bytes} NOT NULL,
      rolled_back_at ${integer},
      compared_to ${integer} NOT NULL,
      walked_to ${bytes}
    ) ${heap}`,
    `CREATE TABLE node_segments (
      node ${integer} NOT NULL,
      segment ${integer} NOT NULL,
      end_bytes ${integer} NOT NULL,
      PRIMARY KEY (node, segment)
    ) ${clustered}`,
    `CREATE TABLE buckets (
      bucket_id ${bytes} PRIMARY KEY,
      name ${text} NOT NULL UNIQUE,
      kind ${integer} NOT NULL,
      owner_id ${bytes},
      policy ${text} NOT NULL,
      policy_version ${integer} NOT NULL,
      write_quorum ${integer} NOT NULL,
      wrapped_id_key ${bytes} NOT NULL,
      created_at ${integer} NOT NULL
    ) ${clustered}`,
    'CREATE INDEX buckets_by_quorum ON buckets (write_quorum)',
    `CREATE TABLE bucket_keys (
      bucket_id ${bytes} NOT NULL,
      epoch ${integer} NOT NULL,
      wrapped_key ${bytes} NOT NULL,
      created_at ${integer} NOT NULL,
      PRIMARY KEY (bucket_id, epoch)
    ) ${clustered}`,
    `CREATE TABLE files (
      bucket_id ${bytes} NOT NULL,
      path ${bytes} NOT NULL,
      file_id ${bytes} NOT NULL,
      version_id ${bytes} NOT NULL,
      size ${integer} NOT NULL,
      sha256 ${bytes},
      content_type ${text},
      modified_at ${integer} NOT NULL,
      PRIMARY KEY (bucket_id, path)
    ) ${clustered}`,
    'CREATE UNIQUE INDEX files_by_id ON files (file_id)',
    `CREATE TABLE deleted_files (
      bucket_id ${bytes} NOT NULL,
      path ${bytes} NOT NULL,
      file_id ${bytes} NOT NULL,
      version_id ${bytes} NOT NULL,
      deleted_at ${integer} NOT NULL,
      PRIMARY KEY (bucket_id, path, file_id)
    ) ${clustered}`,
    'CREATE UNIQUE INDEX deleted_files_by_id ON deleted_files (file_id)',
    `CREATE TABLE file_tags (
      file_id ${bytes} NOT NULL,
      key ${text} NOT NULL,
      value ${text} NOT NULL,
      bucket_id ${bytes} NOT NULL,
      PRIMARY KEY (file_id, key)
    ) ${clustered}`,
    'CREATE INDEX file_tags_by_value ON file_tags (bucket_id, key, value, file_id)',
    `CREATE TABLE versions (
      file_id ${bytes} NOT NULL,
      version_id ${bytes} NOT NULL,
      kind ${integer} NOT NULL,
      size ${integer} NOT NULL,
      sha256 ${bytes},
      content_type ${text},
      strategy ${text},
      modified_at ${integer} NOT NULL,
      created_at ${integer} NOT NULL,
      author ${bytes},
      clock ${bytes} NOT NULL,
      chunk_id ${bytes},
      pages ${bytes},
      PRIMARY KEY (file_id, version_id)
    ) ${clustered}`,
    `CREATE TABLE pages (
      bucket_id ${bytes} NOT NULL,
      page_id ${bytes} NOT NULL,
      refs ${integer} NOT NULL,
      condemned ${integer},
      PRIMARY KEY (bucket_id, page_id)
    ) ${clustered}`,
    // Apart from the counts, which change often, for a row is rewritten as a whole.
    `CREATE TABLE page_entries (
      bucket_id ${bytes} NOT NULL,
      page_id ${bytes} NOT NULL,
      entries ${bytes} NOT NULL,
      PRIMARY KEY (bucket_id, page_id)
    ) ${heap}`,
    'CREATE INDEX pages_unreferenced ON pages (bucket_id, page_id) WHERE refs = 0',
    `CREATE TABLE page_refs (
      bucket_id ${bytes} NOT NULL,
      page_id ${bytes} NOT NULL,
      file_id ${bytes} NOT NULL,
      version_id ${bytes} NOT NULL,
      PRIMARY KEY (bucket_id, page_id, file_id, version_id)
    ) ${clustered}`,
    `CREATE TABLE chunks (
      bucket_id ${bytes} NOT NULL,
      chunk_id ${bytes} NOT NULL,
      stripe_id ${bytes} NOT NULL,
      place ${integer} NOT NULL,
      stored_bytes ${integer} NOT NULL,
      plain_bytes ${integer} NOT NULL,
      nonce ${bytes} NOT NULL,
      suite ${integer} NOT NULL,
      codec ${integer} NOT NULL,
      key_epoch ${integer} NOT NULL,
      refs ${integer} NOT NULL,
      condemned ${integer},
      holder_id ${bytes},
      holder_kind ${integer},
      PRIMARY KEY (bucket_id, chunk_id),
      CHECK ((holder_id IS NULL) = (holder_kind IS NULL))
    ) ${clustered}`,
    'CREATE INDEX chunks_unreferenced ON chunks (bucket_id, chunk_id) WHERE refs = 0',
    `CREATE TABLE chunk_refs (
      bucket_id ${bytes} NOT NULL,
      chunk_id ${bytes} NOT NULL,
      holder_id ${bytes} NOT NULL,
      holder_kind ${integer} NOT NULL,
      PRIMARY KEY (bucket_id, chunk_id, holder_id)
    ) ${clustered}`,
    `CREATE TABLE stripes (
      stripe_id ${bytes} PRIMARY KEY,
      bucket_id ${bytes} NOT NULL,
      data_shards ${integer} NOT NULL,
      parity_shards ${integer} NOT NULL,
      shard_bytes ${integer} NOT NULL,
      sequence ${integer} NOT NULL,
      shards ${bytes} NOT NULL,
      spare ${integer} NOT NULL,
      lacking ${bytes} NOT NULL,
      live_chunks ${integer} NOT NULL,
      live_bytes ${integer} NOT NULL,
      created_at ${integer} NOT NULL,
      condemned ${integer}
    ) ${clustered}`,
    // Those that can spare least come first, and those that lack the same shards stand together.
    'CREATE INDEX stripes_by_spare ON stripes (spare, lacking)',
    'CREATE INDEX stripes_empty ON stripes (stripe_id) WHERE live_chunks = 0',
    `CREATE TABLE sessions (
      session_id ${bytes} PRIMARY KEY,
      gateway_id ${bytes} NOT NULL,
      sequence ${integer} NOT NULL,
      opened_at ${integer} NOT NULL,
      expires_at ${integer} NOT NULL,
      ended ${integer} NOT NULL
    ) ${clustered}`,
    `CREATE TABLE node_orders (
      node ${integer} NOT NULL,
      sequence ${integer} NOT NULL,
      stripe_id ${bytes} NOT NULL,
      shard ${integer} NOT NULL,
      deed ${integer} NOT NULL,
      at ${integer} NOT NULL,
      PRIMARY KEY (node, sequence, stripe_id, shard)
    ) ${clustered}`,
    `CREATE TABLE idempotency (
      key_hash ${bytes} PRIMARY KEY,
      session_id ${bytes} NOT NULL,
      claimed_at ${integer} NOT NULL,
      body_sha256 ${bytes},
      status ${integer},
      answer ${text}
    ) ${clustered}`,
    'CREATE INDEX idempotency_by_age ON idempotency (claimed_at)',
    `CREATE TABLE outbox (
      change_id ${bytes} PRIMARY KEY,
      number ${integer},
      at ${integer} NOT NULL,
      type ${text} NOT NULL,
      actor ${text} NOT NULL,
      request_id ${text} NOT NULL,
      bucket_id ${bytes},
      subject ${bytes},
      data ${text} NOT NULL
    ) ${clustered}`,
    'CREATE INDEX outbox_unnumbered ON outbox (change_id) WHERE number IS NULL',
  ],
}
