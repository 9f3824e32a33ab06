/**
 * A session is a gateway's lease on a block of stripe ids, and the rope by which its uploads and readers hold on to what they
 * have looked up: collection deletes a condemned chunk only after every session that was opened before has ended.
 *
 * One session at a time is *current*; the next follows after 1,000 stripes, or when collection asks for it. Whoever uses a
 * session *pins* it; it ends when it is neither current nor pinned. So a small upload costs no commit of its own.
 */
import { HoldfastError, hasCode } from '@holdfast/core/wire/errors.ts'
import { type Id, type IdMaker, STRIPES_PER_SESSION_MAX, type StripeId, stripeIdOf } from '@holdfast/core/wire/ids.ts'
import type { Catalog } from '../catalog/catalog.ts'
import { endSession } from '../catalog/transactions/end-session.ts'
import { openSession } from '../catalog/transactions/open-session.ts'
import { renewSessions } from '../catalog/transactions/renew-sessions.ts'
import type { Clock, Timer } from '../seams/clock.ts'

/** A session whose gateway is silent for this long is ended by whoever looks. */
const SESSION_LEASE_MS = 5 * 60_000
const RENEW_EVERY_MS = SESSION_LEASE_MS / 5
/** The next session is opened before the last stripes of this one are gone, so that nobody waits for it. */
const OPEN_NEXT_AT = STRIPES_PER_SESSION_MAX - 200

interface Session {
  readonly id: Id
  readonly sequence: number
  stripes: number
  pins: number
}

export interface Pin {
  readonly session: Id
  release(): void
}

export interface StripeTicket {
  readonly stripe: StripeId
  readonly sequence: number
  readonly pin: Pin
}

export class Sessions implements AsyncDisposable {
  readonly #catalog: Catalog
  readonly #clock: Clock
  readonly #ids: IdMaker
  readonly #gateway: Id
  readonly #held = new Map<Id, Session>()
  #current: Session
  #opening: Promise<void> | undefined
  #timer: Timer | undefined
  #closed = false

  private constructor(catalog: Catalog, clock: Clock, ids: IdMaker, gateway: Id, first: Session) {
    this.#catalog = catalog
    this.#clock = clock
    this.#ids = ids
    this.#gateway = gateway
    this.#current = first
    this.#held.set(first.id, first)
  }

  /** Where the catalog is not written, readers pin a session that it does not know: nothing is collected then. */
  static async open(catalog: Catalog, clock: Clock, ids: IdMaker, gateway: Id): Promise<Sessions> {
    const first = await openOne(catalog, clock, ids, gateway).catch((error: unknown): Session => {
      if (!hasCode(error, 'recovering')) throw error
      return { id: ids.nextSession(), sequence: 0, stripes: 0, pins: 0 }
    })
    const sessions = new Sessions(catalog, clock, ids, gateway, first)
    sessions.#renewLater()
    return sessions
  }

  /** Holds on to what is looked up from now on. */
  pin(): Pin {
    return this.#pin(this.#current)
  }

  /** A stripe id of the current session, which it pins. */
  async stripe(): Promise<StripeTicket> {
    while (this.#current.stripes >= STRIPES_PER_SESSION_MAX) await this.roll()
    const session = this.#current
    session.stripes++
    if (session.stripes === OPEN_NEXT_AT) {
      // Failing now is no harm: the 1,000th stripe asks again and tells its caller.
      this.roll().catch(() => {})
    }
    return { stripe: stripeIdOf(session.id, session.stripes), sequence: session.sequence, pin: this.#pin(session) }
  }

  /**
   * Renews every lease that is held. A session may have ended all the same, because this process slept while another one looked: its
   * stripes and versions are refused at their commit, and what begins from now on gets a new one.
   */
  async renew(): Promise<void> {
    const current = this.#current
    const alive = await this.#catalog.write(renewSessions, {
      sessions: [...this.#held.keys()],
      nowMs: this.#clock.now(),
      leaseMs: SESSION_LEASE_MS,
    })
    if (this.#current === current && !alive.includes(current.id)) await this.roll()
  }

  /** Makes a new session current, so that the old one can end. */
  roll(): Promise<void> {
    this.#opening ??= this.#roll().finally(() => {
      this.#opening = undefined
    })
    return this.#opening
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true
    this.#timer?.cancel()
    const ends = [...this.#held.values()].map((session) => this.#end(session))
    await Promise.allSettled(ends)
  }

  async #roll(): Promise<void> {
    if (this.#closed) throw new HoldfastError('shutting_down', 'the server is shutting down')
    const before = this.#current
    this.#current = await openOne(this.#catalog, this.#clock, this.#ids, this.#gateway)
    this.#held.set(this.#current.id, this.#current)
    this.#endIfFree(before)
  }

  #pin(session: Session): Pin {
    session.pins++
    let released = false
    const release = (): void => {
      if (released) return
      released = true
      session.pins--
      this.#endIfFree(session)
    }
    return { session: session.id, release }
  }

  #endIfFree(session: Session): void {
    if (session === this.#current || session.pins > 0 || this.#closed) return
    this.#held.delete(session.id)
    // A session that cannot be ended now runs out by itself.
    this.#end(session).catch(() => {})
  }

  #end({ id, stripes }: Session): Promise<void> {
    return this.#catalog.write(endSession, { session: id, isUnused: stripes === 0 })
  }

  #renewLater(): void {
    this.#timer = this.#clock.after(RENEW_EVERY_MS, () => {
      // One that fails leaves the leases as they are: there are more until they run out.
      this.renew().catch(() => {})
      this.#renewLater()
    })
  }
}

async function openOne(catalog: Catalog, clock: Clock, ids: IdMaker, gateway: Id): Promise<Session> {
  const id = ids.nextSession()
  const { sequence } = await catalog.write(openSession, {
    session: id,
    gateway,
    nowMs: clock.now(),
    leaseMs: SESSION_LEASE_MS,
  })
  return { id, sequence, stripes: 0, pins: 0 }
}
