/**
 * SQLite and PostgreSQL give the same answer to the same transaction, refusals included. What is run is recorded on the first and
 * run again on the second: random interleavings of the collection's world, and a walk through every transaction.
 */
import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { HoldfastError } from '@holdfast/core/wire/errors.ts'
import { startOrSkip } from '../../../tests/postgres/start-postgres.ts'
import { systemClock } from '../seams/clock.ts'
import { systemRandom } from '../seams/random.ts'
import { World } from './collection-world.test-support.ts'
import { PostgresCatalog } from './postgres-catalog.ts'
import { chunkNamed, hashOf, pageOf, TestCatalog } from './test-catalog.test-support.ts'
import type { Steps, Transaction } from './transaction.ts'
import { transactions } from './transactions.ts'

const { started, skip } = await startOrSkip()
after(async () => started?.[Symbol.asyncDispose]())

interface Recorded {
  readonly name: string
  readonly again: (catalog: PostgresCatalog) => Promise<unknown>
  readonly outcome: unknown
}

class RecordingCatalog extends TestCatalog {
  // Not an initial value: the first transactions run while the base class is being made.
  declare recorded: Recorded[]

  override run<Args, Result>(transaction: Transaction<Args, Result>, args: Args): Result {
    this.recorded ??= []
    const note = (outcome: unknown): void => {
      const again = (catalog: PostgresCatalog) => catalog.write(transaction, structuredClone(args))
      this.recorded.push({ name: transaction.name, again, outcome: comparable(outcome) })
    }
    try {
      const result = super.run(transaction, args)
      note(result)
      return result
    } catch (error) {
      note(error)
      throw error
    }
  }
}

/** Bytes as hex, refusals as codes, and lists in one order, for some answers have none. */
function comparable(value: unknown): unknown {
  if (value instanceof HoldfastError) return value.code
  if (value instanceof Error) return value.name
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex')
  if (Array.isArray(value)) return value.map((item) => JSON.stringify(comparable(item))).sort()
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, comparable(inner)]))
}

let databases = 0

async function assertAgree(recorded: readonly Recorded[]): Promise<void> {
  assert(started !== undefined)
  const url = await started.createDatabase(`agree${++databases}`)
  await using catalog = await PostgresCatalog.open({ url, clock: systemClock, random: systemRandom })
  for (const [index, { name, again, outcome }] of recorded.entries()) {
    const there = await again(catalog).catch((error: unknown) => error)
    assert.deepEqual(comparable(there), outcome, `step ${index}, ${name}`)
  }
}

describe('the engines', { skip }, () => {
  for (let seed = 1; seed <= 5; seed++) {
    it(`agree on interleaving ${seed} of the collection's world`, async () => {
      using catalog = new RecordingCatalog()
      let state = seed
      const random = (): number => {
        state = (Math.imul(state, 48271) >>> 0) % 0x7fffffff
        return state / 0x7fffffff
      }
      const world = new World(catalog, random, { readers: true, refusals: true })
      for (let step = 0; step < 250; step++) world.step()
      world.settle()
      await assertAgree(catalog.recorded)
    })
  }

  it('agree on every transaction', async () => {
    using catalog = new RecordingCatalog()
    walk(catalog)
    const walked = new Set(catalog.recorded.map(({ name }) => name))
    assert.deepEqual(
      Object.keys(transactions).filter((name) => !walked.has(name)),
      [],
    )
    await assertAgree(catalog.recorded)
  })
})

function walk(catalog: TestCatalog): void {
  const { bucket, ids } = catalog
  const call = (name: string, args: object): unknown => {
    // The names are those of the table, whose arguments differ; the transactions themselves check what matters.
    const transaction = transactions[name] as { name: string; run: (args: object) => Steps<unknown> } | undefined
    assert(transaction !== undefined, name)
    try {
      return catalog.run(transaction, args)
    } catch (error) {
      if (error instanceof HoldfastError) return error
      throw error
    }
  }
  const changing = (name: string, args: object): unknown => call(name, { ...args, change: catalog.change() })
  const [a, b, c] = [chunkNamed('a'), chunkNamed('b'), chunkNamed('c')]

  call('loadCluster', {})
  call('storedHealth', { there: [2, 3, 4] })
  const node = {
    node: ids.next(),
    disk: ids.next(),
    zone: 'z',
    name: 'n',
    capacityBytes: 2 ** 40,
    freeBytes: 1,
    nowMs: 1,
  }
  const segmentEnds = [{ segment: 1, bytes: 4096 }]
  const start = ids.next()
  for (const told of [start, start, ids.next()]) call('nodeStarted', { ...node, starts: 1, start: told, segmentEnds })
  call('nodeStarted', { ...node, starts: 2, start: ids.next(), segmentEnds })
  call('nodeStarted', { ...node, disk: ids.next(), starts: 3, start: ids.next(), segmentEnds })
  call('nodeSeen', { number: 1, state: 'full', capacityBytes: 1, freeBytes: 0, segmentEnds, nowMs: 2 })
  call('listNodes', {})

  for (const policy of ['{}', '{}', '{"x":1}']) {
    const keys = { wrappedIdKey: Uint8Array.of(1), wrappedKey: Uint8Array.of(2) }
    changing('createBucket', { bucket: ids.next(), name: 'B-2', policy, writeQuorum: 3, ...keys })
  }
  changing('patchBucket', { name: 'B-2', policy: '{"x":2}', writeQuorum: 5, ifVersion: 1 })
  changing('patchBucket', { name: 'B-2', policy: '{"x":3}', writeQuorum: 5, ifVersion: 1 })
  for (const after of ['', 'B', 'a-a', 'z']) call('listBuckets', { after, limit: 1 })
  call('getBucket', { name: 'B-2' })
  for (const id of [bucket, ids.next()]) call('getBucketById', { bucket: id })

  const session = catalog.openSession()
  const { stripe } = catalog.commitStripe({
    session,
    chunks: [a, b, c],
    states: ['durable', 'durable', 'durable', 'durable', 'expected'],
  })
  call('shardArrived', { stripe: stripe.stripe, ...stripe.shards[4] })
  call('durableOn', { node: 1, after: '0'.repeat(32), limit: 10 })
  call('shardsDamaged', { stripe: stripe.stripe, indexes: [0], state: 'missing' })
  call('shardsUnlisted', { node: 2, stripes: [stripe.stripe, stripe.stripe, ids.next()] })
  call('findChunks', { bucket, chunks: [a, b, chunkNamed('?')], goodShardsNeeded: true })
  const page = pageOf([a, b, a])
  call('commitPage', { session: session.session, bucket, ...page })
  call('commitPage', { session: session.session, bucket, ...page })
  const sessions = [session.session]
  const idempotency = { keyHash: hashOf('key'), bodySha256: hashOf('body') }
  for (const nowMs of [0, 1, 5000])
    call('claimIdempotency', { keyHash: hashOf('key'), session: session.session, nowMs })
  const first = catalog.commitVersion('d/é/1', { sessions, chunk: c, idempotency })
  call('claimIdempotency', { keyHash: hashOf('key'), session: session.session, nowMs: 9 })
  call('releaseIdempotency', { keyHash: hashOf('key'), session: session.session, claimedAt: 5000 })
  catalog.commitVersion('d/é/1', { sessions, chunk: c, idempotency })
  const second = catalog.commitVersion('d/é/1', { sessions, pages: [{ ...page, entries: null }], versionsKept: 9 })
  for (const path of ['d', 'd/', 'd/\x7f', 'd/\u0080', 'd/\u{10ffff}', 'e', '\u{10ffff}', 'D/x', 'd/é/2']) {
    catalog.commitVersion(path, { sessions, chunk: a, contentType: null })
  }
  catalog.commitVersion('empty', {})
  call('commitVersion', catalog.version('new', { sessions: [ids.nextSession()] }))
  call('commitVersion', catalog.version('new', { chunk: chunkNamed('?') }))
  call('commitVersion', catalog.version('d', { preconditions: { ifNoneMatch: ['*'] } }))

  for (const preconditions of [{}, { ifMatch: ['other'] }])
    changing('setTags', { file: first.file, tags: { B: 'x', a: 'Ü', _: '' }, preconditions })
  for (const args of [
    ...['', 'd', 'd/', 'd/é', '\u{10ffff}'].flatMap((prefix) => [{ prefix }, { prefix, delimiter: '/' }]),
    { prefix: '', q: 'É' },
    { prefix: '', tag: { key: 'a', value: 'Ü' } },
  ]) {
    for (const limit of [1, 2, 1000]) call('listFiles', { bucket, ...args, limit })
  }
  call('listFiles', { bucket, prefix: '', delimiter: '/', after: 'd/', limit: 2 })
  call('getFile', { bucket, path: 'd/é/1' })
  call('getFileById', { file: first.file })
  call('getVersion', { file: first.file, version: first.version })
  call('history', { file: first.file, limit: 10 })
  call('history', { file: first.file, before: second.version, limit: 10 })
  for (const path of ['d/é/1', 'd', 'empty', 'none']) {
    call('readPlan', { bucket, path })
    call('readPlan', { bucket, path, version: first.version })
    call('readLone', { bucket, path })
  }
  call('readPage', { bucket, page: page.page })
  call('placesOf', { bucket, chunks: [a, b, c] })
  call('storedHealth', { there: [2, 3, 4] })

  changing('moveFile', { bucket, from: 'd/é/1', to: 'f', overwrite: false, preconditions: {} })
  changing('moveFile', { bucket, from: 'f', to: 'e', overwrite: false, preconditions: {} })
  changing('moveFile', { bucket, from: 'f', to: 'e', overwrite: true, preconditions: {} })
  changing('moveFolder', { bucket, fromPrefix: 'd/', toPrefix: 'd/d/', limit: 100 })
  changing('moveFolder', { bucket, fromPrefix: 'd/', toPrefix: 'g/', limit: 1 })
  const kept = { preconditions: {}, versionsKept: 1 }
  changing('deleteFile', { bucket, path: 'e', version: ids.next(), ...kept })
  changing('deleteFile', { bucket, path: 'e', version: ids.next(), ...kept })
  call('getFileById', { file: first.file })
  changing('deleteFile', { bucket, path: 'empty', version: ids.next(), preconditions: {}, versionsKept: 9 })
  for (const prefix of ['', 'e', 'empty', 'x']) call('listDeleted', { bucket, prefix, limit: 1 })
  call('listDeleted', { bucket, prefix: '', after: { path: 'empty', file: first.file }, limit: 10 })
  const restored = { file: first.file, version: second.version, versionsKept: 1, preconditions: {} }
  changing('restoreVersion', { ...restored, newVersion: ids.next() })
  changing('restoreVersion', { ...restored, version: first.version, newVersion: ids.next() })

  const other = catalog.openSession(ids.next())
  call('renewSessions', { sessions: [session.session, other.session, ids.nextSession()], nowMs: 5, leaseMs: 9 })
  call('shardsOf', { stripes: [stripe.stripe, `${ids.nextSession().slice(0, 28)}0001`] })
  call('endSessionsOf', { gateway: catalog.gateway })
  call('endSession', { session: session.session })
  call('endSession', { session: catalog.openSession().session, isUnused: true })
  call('closeSessions', { nowMs: 10 })
  call('deadSessions', { from: 0, below: 1000, limit: 10 })
  call('nodeCompared', { number: 1, before: 0, comparedTo: 1, walkedTo: stripe.stripe })
  call('nodeCompared', { number: 1, before: 0, comparedTo: 9, walkedTo: null })
  call('listNodes', {})
  call('forgetSessions', { below: 1000, keptMax: 5 })
  call('deadSessions', { from: 0, below: 1000, limit: 1 })
  call('forgetSessions', { below: 1000, keptMax: 0 })
  call('deadSessions', { from: 0, below: 1000, limit: 10 })
  call('listNodes', {})
  for (const pass of ['chunks', 'pages', 'versions']) {
    for (const limit of [1, 100]) call('recount', { after: { pass, key: '' }, limit })
  }
  for (let done = false; !done; ) {
    const answer = changing('deleteBucket', { name: 'default', force: true }) as { done: boolean }
    done = answer.done
  }
  call('collectable', { after: null })
  for (let round = 0; round < 4; round++) {
    call('condemn', { nowMs: 10, limit: 100 })
    call('reap', { limit: 100, nowMs: 10 })
  }
  call('pendingOrders', { node: 2, limit: 10 })
  call('ordersDone', { node: 2, orders: [{ stripe: stripe.stripe, index: 1, sequence: 0 }] })
  call('pendingOrders', { node: 2, limit: 10 })
  call('outboxHorizon', { beforeMs: 1, keptRows: 2 })
  call('pruneOutbox', { upTo: ids.next(), limit: 10 })
  call('pruneIdempotency', { beforeMs: 10 ** 12, limit: 10 })
}
