/**
 * The gateways of `collection-world.test-support.ts`: the sessions that each holds, the work that goes on under them step by
 * step, and all the ways in which a session comes to its end, which are noted here as they should happen in the catalog.
 */
import assert from 'node:assert/strict'
import type { Id } from '@holdfast/core/wire/ids.ts'
import type { OpenedSession, TestCatalog } from './test-catalog.test-support.ts'
import { endSession, endSessionsOf } from './transactions/end-session.ts'
import { renewSessions } from './transactions/renew-sessions.ts'

const LEASE_MS = 10_000

export interface Held {
  readonly opened: OpenedSession
  readonly gateway: Id
  pins: number
  ended: boolean
}

interface Gateway {
  readonly id: Id
  current: Held | undefined
}

/** Who does a work, and the sessions that it keeps from being ended meanwhile. */
export interface Work {
  readonly gateway: Gateway
  readonly pinned: Set<Held>
}

/** Work goes on over several steps; it is over when its generator is. */
interface Going extends Work {
  readonly steps: Generator<void, void, void>
}

export function pick<T>(random: () => number, items: readonly T[]): T | undefined {
  return items[Math.floor(random() * items.length)]
}

export class Gateways {
  readonly #catalog: TestCatalog
  readonly #random: () => number
  readonly #gateways: readonly Gateway[]
  #sessions: Held[] = []
  #works: Going[] = []

  constructor(catalog: TestCatalog, random: () => number) {
    this.#catalog = catalog
    this.#random = random
    this.#gateways = [catalog.ids.next(), catalog.ids.next()].map((id) => ({ id, current: undefined }))
  }

  /** The number that a session was opened at, also of one that is forgotten. */
  sequenceOf(session: string): number {
    return this.#sessions.find(({ opened }) => opened.session === session)?.opened.sequence ?? 0
  }

  sessionFor({ gateway, pinned }: Work): Held {
    if (gateway.current === undefined || gateway.current.ended) {
      const opened = this.#catalog.openSession(gateway.id, LEASE_MS)
      gateway.current = { opened, gateway: gateway.id, pins: 0, ended: false }
      this.#sessions.push(gateway.current)
    }
    if (!pinned.has(gateway.current)) gateway.current.pins++
    pinned.add(gateway.current)
    return gateway.current
  }

  begin(stepsOf: (work: Work) => Generator<void, void, void>): void {
    const gateway = pick(this.#random, this.#gateways)
    if (gateway === undefined) return
    const work = { gateway, pinned: new Set<Held>() }
    this.#works.push({ ...work, steps: stepsOf(work) })
  }

  goOn(): void {
    const work = pick(this.#random, this.#works)
    if (work?.steps.next().done) this.#finish(work)
  }

  /** A client goes away; what it has stored so far is left behind. */
  abandon(): void {
    const work = pick(this.#random, this.#works)
    if (work !== undefined) this.#finish(work)
  }

  #finish(work: Going): void {
    this.#works = this.#works.filter((each) => each !== work)
    for (const held of work.pinned) held.pins--
  }

  /** A gateway takes a new session for its next work, and ends those that nothing pins. */
  rotate(): void {
    const gateway = pick(this.#random, this.#gateways)
    if (gateway === undefined) return
    gateway.current = undefined
    for (const held of this.#sessions) {
      if (held.gateway !== gateway.id || held.pins > 0 || held.ended) continue
      this.#catalog.run(endSession, { session: held.opened.session })
      held.ended = true
    }
  }

  /** Only one of the gateways comes to renew its sessions in time. */
  passTime(): void {
    this.#catalog.nowMs += LEASE_MS * 0.6
    const gateway = pick(this.#random, this.#gateways)
    const own = this.#sessions.filter((held) => held.gateway === gateway?.id)
    const sessions = own.map(({ opened }) => opened.session)
    const alive = this.#catalog.run(renewSessions, { sessions, nowMs: this.#catalog.nowMs, leaseMs: LEASE_MS })
    assert.deepEqual(
      alive.sort(),
      own
        .filter((held) => !held.ended)
        .map(({ opened }) => opened.session)
        .sort(),
    )
  }

  crash(): void {
    const gateway = pick(this.#random, this.#gateways)
    if (gateway === undefined) return
    gateway.current = undefined
    this.#works = this.#works.filter((work) => work.gateway !== gateway)
    const other = this.#gateways.find((each) => each !== gateway)
    // Where the other one does not notice, the leases run out.
    if (other === undefined || this.#random() < 0.5) return
    this.#catalog.run(endSessionsOf, { gateway: other.id })
    for (const held of this.#sessions) if (held.gateway === gateway.id) held.ended = true
  }

  /** Those that are not among `alive` have ended. */
  noteAlive(alive: ReadonlySet<string>): void {
    for (const held of this.#sessions) held.ended ||= !alive.has(held.opened.session)
  }

  /** All work is left as it stands, and every session ends. */
  goHome(): void {
    this.#works = []
    this.#catalog.run(endSessionsOf, {})
  }
}
