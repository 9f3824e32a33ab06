/**
 * `node bench/fill-index.ts DIRECTORY COUNT` fills the index of one drive with so many shards, in the order in which they arrive in life,
 * then looks up shards at random and walks the beginning of the list, and prints what the kernel counts of its memory as JSON. It
 * is a process of its own, so that nothing else is counted.
 */
import { randomBytes, randomInt } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { asId, asSha256 } from '@holdfast/core/wire/ids.ts'
import { systemClock } from '../packages/server/seams/clock.ts'
import { FileDisk } from '../packages/server/seams/file-disk.ts'
import { keyOf } from '../packages/server/storage/shard-key.ts'
import type { ShardId } from '../packages/server/storage/shard-store.ts'
import { ShardTable } from '../packages/server/storage/shard-table.ts'
import { openSqliteIndex } from '../packages/server/storage/sqlite-index.ts'

const SHARDS_PER_FLUSH = 5000
const SHARDS_PER_SEGMENT = 4096
const RECORD_BYTES = 64 * 1024
const LOOKUPS = 200_000
const LISTED = 200_000
const LISTED_AT_ONCE = 1000
const INDEXES = 5

const [directory = '.', count = '1000'] = process.argv.slice(2)
const shards = Number(count)
const disk = new FileDisk(directory)
const open = openSqliteIndex(disk, { boot: await disk.memoryToken(), clock: systemClock })
const index = await open({ disk: newId(), starts: 1, trusted: true })
const table = new ShardTable(index)
const [lineage, bucket] = [newId(), newId()]

for (let shard = 0; shard < shards; shard++) {
  const segment = Math.floor(shard / SHARDS_PER_SEGMENT) + 1
  const at = shard % SHARDS_PER_SEGMENT
  const sha256 = asSha256(randomBytes(32).toString('hex'))
  const place = { segment, offset: at * RECORD_BYTES, payloadLength: RECORD_BYTES / 2 }
  table.add({ what: 'put', key: key(shard), lineage, sequence: shard, bucket, sha256, ...place })
  const isEnd = at === SHARDS_PER_SEGMENT - 1
  if (isEnd) table.setEnd(segment, SHARDS_PER_SEGMENT * RECORD_BYTES, true)
  if ((shard + 1) % SHARDS_PER_FLUSH === 0) index.flush()
}
index.flush()

const beganMs = performance.now()
for (let look = 0; look < LOOKUPS; look++) {
  if (table.stateOfKey(key(randomInt(shards))).puts.length !== 1) throw new Error('a shard that was put is there')
}
const lookupUs = ((performance.now() - beganMs) * 1000) / LOOKUPS
let after: ShardId | undefined
for (let listed = 0; listed < Math.min(LISTED, shards); listed += LISTED_AT_ONCE) {
  after = (await table.list(after, LISTED_AT_ONCE, async () => {})).at(-1)?.id
  if (after === undefined) throw new Error('the list ends too early')
}
const peakKiB = statusKiB('VmHWM')
process.stdout.write(`${JSON.stringify({ peakKiB, lookupUs })}\n`)
await table[Symbol.asyncDispose]()

function key(shard: number) {
  return keyOf(shard.toString(16).padStart(32, '0'), shard % INDEXES)
}

function newId() {
  return asId(randomBytes(16).toString('hex'))
}

function statusKiB(name: string): number {
  const found = new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(readFileSync('/proc/self/status', 'utf8'))
  return Number(found?.[1])
}
