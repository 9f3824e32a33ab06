/**
 * A small world for the model test of collection: two gateways, whose uploads and readers go on step by step between each
 * other's steps and those of collection, over a catalog in memory and nodes that only know which stripes they hold. Plain
 * models beside it say which sessions are alive (`collection-gateways.test-support.ts`) and which names and versions are
 * there (`collection-names.test-support.ts`).
 *
 * What a step must answer is checked in the step; what must hold after every step, in `collection-invariants.test-support.ts`.
 */
import assert from 'node:assert/strict'
import { HoldfastError } from '@holdfast/core/wire/errors.ts'
import { type ChunkId, type StripeId, sessionOf } from '@holdfast/core/wire/ids.ts'
import { Gateways, type Held, pick, type Work } from './collection-gateways.test-support.ts'
import { KeptNames } from './collection-names.test-support.ts'
import { decodeEntries } from './page-list.ts'
import type { OfferedPage } from './references.ts'
import { chunkNamed, pageOf, type TestCatalog } from './test-catalog.test-support.ts'
import { commitPage } from './transactions/commit-page.ts'
import { commitStripe } from './transactions/commit-stripe.ts'
import { type CollectionPosition, type CondemnResult, condemn } from './transactions/condemn.ts'
import { closeSessions, deadSessions, forgetSessions } from './transactions/dead-sessions.ts'
import { deleteFile } from './transactions/delete-file.ts'
import { findChunks } from './transactions/find-chunks.ts'
import { moveFile } from './transactions/move-file.ts'
import { placesOf, readPage, readPlan } from './transactions/read-plan.ts'
import { type ReapResult, reap } from './transactions/reap.ts'
import { restoreVersion } from './transactions/restore-version.ts'
import { shardsDamaged } from './transactions/shards-damaged.ts'
import { shardsOf } from './transactions/shards-of.ts'

const VERSIONS_KEPT_MAX = 2
const PATHS = ['a', 'b', 'c', 'd']
/** Few enough that uploads often meet each other's chunks, enough that many are in nobody's file. */
const CHUNKS = Array.from({ length: 16 }, (_, index) => chunkNamed(String(index)))
const PAGES = CHUNKS.slice(0, 8).map((chunk, index) =>
  pageOf([chunk, ...CHUNKS.slice(2 * index, 2 * index + 2), chunk]),
)
/** With five shards of a 3+2, the fourth good one is what makes a stripe fit to be relied on. */
const DAMAGED_MAX_TO_RELY_ON = 1
const TOTAL_WEIGHT = 110

export interface WorldOptions {
  /** Whether somebody reads. */
  readonly readers: boolean
  /** Whether a commit under an ended session is a failure by itself, or only what comes of it. */
  readonly refusals: boolean
}

export class World {
  readonly catalog: TestCatalog
  /** The stripes whose shards the nodes hold: written, and not ordered away. */
  readonly onNodes = new Set<StripeId>()
  readonly names = new KeptNames()
  readonly #damaged = new Map<StripeId, Set<number>>()
  readonly #gateways: Gateways
  readonly #random: () => number
  readonly #options: WorldOptions
  #position: CollectionPosition | null = null

  /** How often something happens, of `TOTAL_WEIGHT` times. */
  readonly #happenings: readonly (readonly [weight: number, happen: () => void])[] = [
    [48, () => this.#gateways.goOn()],
    [10, () => this.#gateways.begin((work) => this.#upload(work))],
    [4, () => this.#options.readers && this.#gateways.begin((work) => this.#read(work))],
    [3, () => this.#gateways.abandon()],
    [3, () => this.#remove()],
    [1, () => this.#restore()],
    [1, () => this.#move()],
    [12, () => this.#gateways.rotate()],
    [3, () => this.#gateways.passTime()],
    [3, () => this.#clearUp()],
    [1, () => this.#gateways.crash()],
    [1, () => this.#damage()],
    [10, () => this.#condemn()],
    [10, () => this.#reap()],
  ]

  constructor(catalog: TestCatalog, random: () => number, options: WorldOptions) {
    this.catalog = catalog
    this.#random = random
    this.#options = options
    this.#gateways = new Gateways(catalog, random)
  }

  /** One random thing happens. */
  step(): void {
    let roll = this.#random() * TOTAL_WEIGHT
    for (const [weight, happen] of this.#happenings) {
      roll -= weight
      if (roll >= 0) continue
      happen()
      return
    }
  }

  /** Everybody goes home, and collection comes to its end. */
  settle(): void {
    this.#gateways.goHome()
    while (this.#condemnAll() + this.#reapAll() > 0);
    this.#purgeDebris()
    // What a gateway wrote under a session that was forgotten would be refused by the nodes, which know nothing here.
    const known = this.catalog.engine.query('SELECT stripe_id FROM stripes')
    const ids = new Set(known.map((row) => Buffer.from(row['stripe_id'] as Uint8Array).toString('hex')))
    for (const stripe of this.onNodes) if (!ids.has(stripe)) this.onNodes.delete(stripe)
  }

  #condemnAll(): number {
    const { nowMs } = this.catalog
    let marked = 0
    let after: CollectionPosition | null = null
    do {
      const { chunks, pages, stripes, next }: CondemnResult = this.catalog.run(condemn, { nowMs, limit: 9, after })
      marked += chunks + pages + stripes
      after = next
    } while (after !== null)
    return marked
  }

  #reapAll(): number {
    const { nowMs } = this.catalog
    let reaped = 0
    let after: CollectionPosition | null = null
    do {
      const { chunks, pages, stripes, next }: ReapResult = this.catalog.run(reap, { nowMs, limit: 9, after })
      for (const { stripe } of stripes) this.onNodes.delete(stripe)
      reaped += chunks + pages + stripes.length
      after = next
    } while (after !== null)
    return reaped
  }

  /** The number that a session was opened at, also of one that is forgotten. */
  sequenceOf(session: string): number {
    return this.#gateways.sequenceOf(session)
  }

  isFitToRelyOn(stripe: StripeId): boolean {
    return (this.#damaged.get(stripe)?.size ?? 0) <= DAMAGED_MAX_TO_RELY_ON
  }

  #versionsKept(): number {
    return 1 + Math.floor(this.#random() * VERSIONS_KEPT_MAX)
  }

  *#upload(work: Work): Generator<void, void, void> {
    const { catalog } = this
    const session = this.#gateways.sessionFor(work)
    const path = pick(this.#random, PATHS) ?? 'a'
    const pages = this.#random() < 0.4 ? PAGES.filter(() => this.#random() < 0.2) : []
    const chunk = pages.length > 0 ? null : (pick(this.#random, CHUNKS) ?? null)
    const wanted = new Set([...(chunk === null ? [] : [chunk]), ...pages.flatMap(chunksOf)])

    const found = catalog.run(findChunks, { bucket: catalog.bucket, chunks: [...wanted], goodShardsNeeded: true })
    for (const { stripe } of found) assert(this.isFitToRelyOn(stripe), 'a lookup finds no chunk of a damaged stripe')
    for (const place of found) wanted.delete(place.chunk)
    const missing = [...wanted]
    yield
    for (const part of [missing.slice(0, 2), missing.slice(2)]) {
      if (part.length === 0) continue
      const held = this.#gateways.sessionFor(work)
      const made = catalog.stripe({ session: held.opened, chunks: part })
      this.onNodes.add(made.stripe.stripe)
      yield
      if (!this.#commits(() => catalog.run(commitStripe, { session: held.opened.session, ...made }), [held])) return
      const { places } = catalog.run(placesOf, { bucket: catalog.bucket, chunks: part })
      for (const { stripe } of places) assert(this.isFitToRelyOn(stripe), 'a chunk that was sent again is healed')
      yield
    }
    const ahead = this.#random() < 0.5
    for (const page of ahead ? pages : []) {
      const args = { session: session.opened.session, bucket: catalog.bucket, page: page.page, entries: page.entries }
      if (!this.#commits(() => catalog.run(commitPage, args), [session])) return
      yield
    }
    const given = {
      sessions: [...work.pinned].map(({ opened }) => opened.session),
      chunk,
      pages: pages.length === 0 ? null : pages.map((page) => (ahead ? { ...page, entries: null } : page)),
      versionsKept: this.#versionsKept(),
    }
    const keep = (): void => this.names.put(path, catalog.commitVersion(path, given), given, given.versionsKept)
    this.#commits(keep, [...work.pinned])
  }

  /** Says whether a commit went through. It must, if its sessions are alive, and must not, if one has ended. */
  #commits(commit: () => void, sessions: readonly Held[]): boolean {
    const ended = sessions.some((held) => held.ended)
    try {
      commit()
    } catch (error) {
      if (!(error instanceof HoldfastError)) throw error
      assert.deepEqual(
        [error.code, ended],
        ['session_ended', true],
        'a commit under sessions that are alive goes through',
      )
      return false
    }
    if (this.#options.refusals) assert.equal(ended, false, 'nothing is committed under a session that has ended')
    return true
  }

  *#read(work: Work): Generator<void, void, void> {
    const { catalog } = this
    const session = this.#gateways.sessionFor(work)
    const at = { bucket: catalog.bucket, path: pick(this.#random, [...this.names.paths.keys()]) ?? 'a' }
    const plan = catalog.run(readPlan, at)
    if (plan === null) return
    yield
    const chunks = plan.version.chunk === null ? [] : [plan.version.chunk]
    for (const { page } of plan.version.pages ?? []) {
      if (session.ended) return
      const entries = catalog.run(readPage, { bucket: catalog.bucket, page })
      assert(entries !== null, 'a page that a reader has come upon stays')
      chunks.push(...decodeEntries(entries).map((entry) => entry.chunk))
      yield
    }
    if (session.ended) return
    const { places } = catalog.run(placesOf, { bucket: catalog.bucket, chunks })
    assert.equal(places.length, new Set(chunks).size, 'the chunks of a version that is being read stay')
    yield
    if (session.ended) return
    for (const { stripe } of places) assert(this.onNodes.has(stripe), 'the shards of a version that is being read stay')
  }

  #remove(): void {
    const path = pick(this.#random, [...this.names.paths.keys()])
    if (path === undefined) return
    const { bucket, ids } = this.catalog
    const versionsKept = this.#versionsKept()
    const args = { bucket, path, version: ids.next(), preconditions: {}, versionsKept }
    const { file, version } = this.catalog.run(deleteFile, { ...args, change: this.catalog.change() })
    this.names.bury(path, file, version, versionsKept)
  }

  #restore(): void {
    const place = pick(this.#random, this.names.all())
    if (place === undefined) return
    const [path, file] = place
    const old = pick(this.#random, this.names.versionsWithContent(file))
    if (old === undefined || (this.names.paths.get(path) ?? file) !== file) return
    const newVersion = this.catalog.ids.next()
    const versionsKept = this.#versionsKept()
    const args = { file, version: old.version, newVersion, versionsKept, change: this.catalog.change() }
    const { version } = this.catalog.run(restoreVersion, { ...args, preconditions: {} })
    this.names.restore(path, file, { version, content: old.content }, versionsKept)
  }

  #move(): void {
    const [from, to] = [pick(this.#random, [...this.names.paths.keys()]), pick(this.#random, PATHS)]
    if (from === undefined || to === undefined || from === to) return
    const target = this.names.paths.get(to)
    const change = this.catalog.change()
    this.catalog.run(moveFile, { bucket: this.catalog.bucket, from, to, overwrite: true, preconditions: {}, change })
    if (target !== undefined) this.names.bury(to, target, change.changeId, Number.POSITIVE_INFINITY)
    this.names.move(from, to)
  }

  #clearUp(): void {
    if (this.#random() < 0.7) this.#purgeDebris()
    else this.catalog.run(closeSessions, { nowMs: this.catalog.nowMs })
    this.#noteEnds()
  }

  #purgeDebris(): void {
    const below = this.catalog.run(closeSessions, { nowMs: this.catalog.nowMs })
    const dead = this.catalog.run(deadSessions, { from: 0, below, limit: 1000 })
    const blocks = new Set(dead.map(({ session }) => session))
    const asked = [...this.onNodes].filter((stripe) => blocks.has(sessionOf(stripe)))
    const known = new Set(this.catalog.run(shardsOf, { stripes: asked }).map(({ stripe }) => stripe))
    for (const stripe of asked) if (!known.has(stripe)) this.onNodes.delete(stripe)
    this.catalog.run(forgetSessions, { below, keptMax: 0 })
  }

  #noteEnds(): void {
    const alive = this.catalog.engine.query('SELECT session_id FROM sessions WHERE ended = 0')
    const ids = new Set(alive.map((row) => Buffer.from(row['session_id'] as Uint8Array).toString('hex')))
    this.#gateways.noteAlive(ids)
  }

  /** Never more than parity: what is damaged can still be read. */
  #damage(): void {
    const stripe = pick(this.#random, [...this.onNodes])
    if (stripe === undefined) return
    const indexes = [0, pick(this.#random, [0, 3]) ?? 0]
    this.catalog.run(shardsDamaged, { stripe, indexes, state: 'damaged' })
    const known = this.catalog.engine.query('SELECT 1 FROM stripes WHERE stripe_id = ?', [Buffer.from(stripe, 'hex')])
    if (known.length > 0) this.#damaged.set(stripe, new Set([...(this.#damaged.get(stripe) ?? []), ...indexes]))
  }

  #condemn(): void {
    const { nowMs } = this.catalog
    const { next } = this.catalog.run(condemn, { nowMs, limit: this.#random() < 0.5 ? 2 : 100, after: this.#position })
    this.#position = next
    this.#noteEnds()
  }

  #reap(): void {
    const { stripes } = this.catalog.run(reap, { limit: this.#random() < 0.5 ? 2 : 100, nowMs: this.catalog.nowMs })
    for (const { stripe } of stripes) this.onNodes.delete(stripe)
  }
}

function chunksOf(page: OfferedPage & { readonly entries: Uint8Array }): ChunkId[] {
  return decodeEntries(page.entries).map((entry) => entry.chunk)
}
