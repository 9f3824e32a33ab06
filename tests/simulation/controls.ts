/**
 * Protections, each switched off by itself. A simulator that does not notice has shown nothing; so each of these must be
 * caught within a few seeds.
 */
import { createDecipheriv, createHmac } from 'node:crypto'
import { zstdDecompressSync } from 'node:zlib'
import { CODEC_ZSTD, chunkKeyMessage, TAG_BYTES } from '@holdfast/core/sealing/chunk-format.ts'
import type { Catalog } from '@holdfast/server/catalog/catalog.ts'
import type { Row, Statement, Steps, Transaction } from '@holdfast/server/catalog/transaction.ts'
import type { Compute } from '@holdfast/server/compute/compute.ts'
import type { DiskFile, OpenOptions } from '@holdfast/server/seams/disk.ts'
import type { ShardPut } from '@holdfast/server/storage/shard-store.ts'
import type { Sabotage } from './cluster.ts'
import { SimulatedDisk } from './simulated-disk.ts'

export interface Control {
  readonly name: string
  /** A run may keep something of it, as the shards that a stripe has had so far. */
  readonly make: () => Sabotage
}

class DirectoriesNeverSynced extends SimulatedDisk {
  override async syncDirectory(): Promise<void> {}
}

class ForgetsClosedPuts extends SimulatedDisk {
  override async open(name: string, options: OpenOptions): Promise<DiskFile> {
    if (name === 'closed') throw Object.assign(new Error('no such file'), { code: 'ENOENT' })
    return await super.open(name, options)
  }
}

export const controls: readonly Control[] = [
  {
    name: 'a disk whose sync does nothing',
    make: () => ({ makeDisk: (options) => new SimulatedDisk({ ...options, syncDoesNothing: true }) }),
  },
  {
    name: 'a directory that is never synced',
    make: () => ({ makeDisk: (options) => new DirectoriesNeverSynced(options) }),
  },
  { name: 'a catalog that answers before its sync', make: () => ({ catalogAnswersEarly: true }) },
  { name: 'a write that is acknowledged with k shards', make: acknowledgedTooEarly },
  { name: 'a chunk whose tag is not looked at', make: () => ({ wrapCompute: withoutTags }) },
  { name: 'a reaper that ignores living sessions', make: () => ({ wrapCatalog: withoutSessions }) },
  { name: 'a node that takes puts of sessions that it was compared for', make: () => ({ closesNoPuts: true }) },
  {
    name: 'a node that forgets at its start which puts are closed',
    make: () => ({ makeDisk: (options) => new ForgetsClosedPuts(options) }),
  },
]

/** Of each stripe only the first k puts are sent, so that the loss of one node is one too many; the others are answered as if they had been. */
function acknowledgedTooEarly(): Sabotage {
  const sent = new Map<string, Set<number>>()
  return {
    acknowledges({ id, dataShards }: ShardPut): boolean {
      const indexes = sent.get(id.stripe) ?? new Set()
      sent.set(id.stripe, indexes)
      if (indexes.has(id.index)) return false
      if (indexes.size >= dataShards) return true
      indexes.add(id.index)
      return false
    },
  }
}

function withoutTags(compute: Compute): Compute {
  return {
    get waiting() {
      return compute.waiting
    },
    open: (size, signal) => compute.open(size, signal),
    tryOpen: (size) => compute.tryOpen(size),
    cutNow: (keys, plain, sizes) => compute.cutNow(keys, plain, sizes),
    rebuild: (shape, present, wanted) => compute.rebuild(shape, present, wanted),
    [Symbol.asyncDispose]: () => compute[Symbol.asyncDispose](),
    openChunk(keys, place, sealed) {
      const key = createHmac('sha256', keys.dataKey)
        .update(chunkKeyMessage(Buffer.from(place.chunk, 'hex')))
        .digest()
      const decipher = createDecipheriv('aes-256-gcm', key, place.nonce)
      const body = decipher.update(sealed.subarray(0, sealed.length - TAG_BYTES))
      try {
        return [place.codec === CODEC_ZSTD ? zstdDecompressSync(body) : body]
      } catch {
        return undefined
      }
    },
  }
}

/** What a transaction asks of sessions, as if none were alive. */
function withoutSessions(catalog: Catalog): Catalog {
  const blind = <Args, Result>(transaction: Transaction<Args, Result>): Transaction<Args, Result> =>
    ['condemn', 'reap', 'closeSessions', 'deadSessions'].includes(transaction.name)
      ? { name: transaction.name, run: (args) => blindly(transaction.run(args)) }
      : transaction
  return {
    write: (transaction, args) => catalog.write(blind(transaction), args),
    read: (transaction, args) => catalog.read(transaction, args),
    scan: (transaction, args) => catalog.scan(transaction, args),
    [Symbol.asyncDispose]: () => catalog[Symbol.asyncDispose](),
  }
}

function* blindly<Result>(steps: Steps<Result>): Steps<Result> {
  let step = steps.next()
  while (!step.done) {
    const { sql, args }: Statement = step.value
    const looksForLiving = sql.startsWith('SELECT') && sql.includes('FROM sessions WHERE ended = 0')
    const everySession = sql.replace('FROM sessions WHERE ended = 1', 'FROM sessions')
    const rows: Row[] = looksForLiving ? [] : yield { sql: everySession, args }
    step = steps.next(rows)
  }
  return step.value
}
