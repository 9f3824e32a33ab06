/**
 * Sends the shards of one stripe to n different nodes and answers when the write may be acknowledged: all n are durable, or the
 * write quorum is and another 100 ms have passed. A node that fails, or is silent for long, is replaced by one that holds no
 * shard of this stripe, where there is one. What is missing then is committed as *expected* or *missing* and followed up.
 *
 * A disk may pause, and all disks at once where one lies below them. So a node that is *silent* is passed over as long as others are
 * enough for the quorum, and waited for where they are not; only one that is silent for long is taken to hang.
 *
 * A disk may hang: then its put neither fails nor returns, and reads the stripe's memory whenever it goes on. Such a put is *given
 * up*, which decides what becomes of the stripe and its session, but only its end, *settled*, makes the memory free.
 *
 *     put 0 ──────✓
 *     put 1 ───✓
 *     put 2 ─────────✓
 *     put 3 ────────────✓ quorum ·· 100 ms ·· answer
 *     put 4 ──────────────────────────────────────────✓ late
 */
import { place, replaceOne } from '@holdfast/core/placement/place.ts'
import { shuffled } from '@holdfast/core/placement/weighted-sample.ts'
import { assert } from '@holdfast/core/wire/assert.ts'
import { HoldfastError, hasCode, QuorumLostError } from '@holdfast/core/wire/errors.ts'
import type { Id, StripeId } from '@holdfast/core/wire/ids.ts'
import type { ShardRow } from '../catalog/rows.ts'
import type { SealedStripe, StripeShape } from '../compute/compute.ts'
import type { Clock, Timer } from '../seams/clock.ts'
import type { Random } from '../seams/random.ts'
import type { Order, ShardPut } from '../storage/shard-store.ts'
import { ByteBudget } from './byte-budget.ts'
import type { Nodes } from './nodes.ts'

/** How long the answer waits beyond the quorum for the shards that are still on their way. */
const BEYOND_QUORUM_MS = 100
/** A put that is silent for this long, or waits so long for its turn, gets a substitute, if there is one. */
const STALL_MS = 2000
/** A node that is silent for this long on a put is taken to hang: no new write waits for it. */
const HUNG_AFTER_MS = 10_000
/** No quorum within this time: the write is given up, and so is a put that has not ended by then. */
const WRITE_DEADLINE_MS = 30_000
/**
 * What a node was given cannot be taken back, and keeps all memory of its stripe. So a node is given no more at a time than what lies in
 * this much of the stripes' memory, and other puts wait here: a disk that hangs keeps a third of all memory. That is three long
 * stripes of 3+2 (10 MiB each), and one of the widest shapes, or two (15 to 21 MiB); room for five was measured to be no faster.
 */
const NODE_MEMORY_BYTES_MAX = 32 * 1024 * 1024
const NODE_WAITERS_MAX = 4096

export interface StripeWrite {
  readonly stripe: StripeId
  readonly bucket: Id
  readonly shape: StripeShape
  readonly writeQuorum: number
  readonly order: Order
  readonly sealed: SealedStripe
  /** What stays taken until no node reads the records any more. */
  readonly memoryBytes: number
}

/** A shard that was still on its way when the write was answered. */
export interface LateShard {
  readonly index: number
  readonly node: number
  /** False also where its put was given up. */
  readonly arrived: Promise<boolean>
}

/** How a write goes on behind its answer. Neither rejects. */
export interface Aftermath {
  /** When every put has ended or was given up. */
  readonly decided: Promise<void>
  /** When every put has ended: no node reads the slot's memory any more, and nothing lands any more. */
  readonly settled: Promise<void>
}

export interface WrittenStripe {
  /** One row per index, in order. */
  readonly shards: readonly ShardRow[]
  readonly late: readonly LateShard[]
  readonly aftermath: Aftermath
}

/** Nothing was written so far that anyone could see, and nothing will be committed. */
export class StripeNotWritten extends Error {
  readonly aftermath: Aftermath

  constructor(cause: HoldfastError, aftermath: Aftermath) {
    super(cause.message, { cause })
    this.aftermath = aftermath
  }
}

export const NOTHING_SENT: Aftermath = { decided: Promise.resolve(), settled: Promise.resolve() }

export class StripeWriter {
  readonly #nodes: Nodes
  readonly #clock: Clock
  readonly #random: Random
  /** What each node holds of the stripes' memory, by its number. */
  readonly #rooms = new Map<number, ByteBudget>()

  constructor(nodes: Nodes, clock: Clock, random: Random) {
    this.#nodes = nodes
    this.#clock = clock
    this.#random = random
  }

  /** @throws StripeNotWritten, for lack of quorum or of nodes, or because its session has ended */
  write(stripe: StripeWrite): Promise<WrittenStripe> {
    let chosen: Chosen
    try {
      chosen = this.#choose(stripe)
    } catch (error) {
      assert(error instanceof HoldfastError, 'placement fails only for lack of nodes')
      return Promise.reject(new StripeNotWritten(error, NOTHING_SENT))
    }
    const floor = { nodes: this.#nodes, clock: this.#clock, random: this.#random }
    const attempt = new Attempt(stripe, chosen.nodes, { ...floor, roomOf: (node) => this.#roomOf(node) })
    return attempt.run(chosen.asked)
  }

  /** Nodes that do not answer now. */
  away(): number[] {
    return this.#nodes.away()
  }

  #roomOf(node: number): ByteBudget {
    const known = this.#rooms.get(node)
    if (known !== undefined) return known
    const room = new ByteBudget(NODE_MEMORY_BYTES_MAX, NODE_WAITERS_MAX)
    this.#rooms.set(node, room)
    return room
  }

  /** Nodes that answer come first, then those that are silent. Where too few take a shard, all of those do, and others lack theirs. */
  #choose({ shape, sealed, writeQuorum }: StripeWrite): Chosen {
    const needed = { ...shape, shardBytes: sealed.shardBytes }
    const random = (): number => this.#random.float()
    const answering = this.#nodes.candidates('answering', sealed.shardBytes)
    const isEnough = answering.length >= writeQuorum
    const takers = isEnough ? answering : this.#nodes.candidates('takers', sealed.shardBytes)
    if (takers.length < writeQuorum) throw new QuorumLostError({ needed: writeQuorum, reached: takers.length })
    const asked = new Set(takers.map(({ number }) => number))
    const total = shape.dataShards + shape.parityShards
    if (answering.length >= total) {
      return { nodes: place(random, answering, needed).map((position) => answering[position]?.number ?? -1), asked }
    }
    const all = this.#nodes.candidates('all', sealed.shardBytes)
    const kept = answering.map((node) => all.findIndex(({ number }) => number === node.number))
    const others = all.flatMap(({ number }, position) => (asked.has(number) ? [] : [position]))
    while (kept.length < total) {
      const failed = kept.length < takers.length ? others : []
      kept.push(replaceOne(random, all, { kept, failed }, needed))
    }
    return { nodes: shuffled(random, kept).map((position) => all[position]?.number ?? -1), asked }
  }
}

/** The node of each shard, and those that are asked to take theirs. */
interface Chosen {
  readonly nodes: number[]
  readonly asked: ReadonlySet<number>
}

interface Floor {
  readonly nodes: Nodes
  readonly clock: Clock
  readonly random: Random
  readonly roomOf: (node: number) => ByteBudget
}

/** One stripe on its way. */
class Attempt {
  readonly #stripe: StripeWrite
  readonly #floor: Floor
  /** The node that each index is now meant for. */
  readonly #meantFor: number[]
  /** Nodes that were asked to take a shard, whatever came of it. */
  readonly #tried = new Set<number>()
  readonly #durable = new Map<number, number>()
  /** Indexes whose record a node was given already. */
  readonly #sent = new Set<number>()
  readonly #undecided = new Set<Promise<void>>()
  readonly #unsettled = new Set<Promise<boolean>>()
  readonly #waiting = new Map<number, Promise<boolean>>()
  readonly #timers: Timer[] = []
  readonly #outcome = Promise.withResolvers<WrittenStripe>()
  #answered = false
  #beyondQuorum = false

  constructor(stripe: StripeWrite, meantFor: number[], floor: Floor) {
    this.#stripe = stripe
    this.#floor = floor
    this.#meantFor = meantFor
  }

  run(asked: ReadonlySet<number>): Promise<WrittenStripe> {
    this.#ask(asked)
    this.#timers.push(this.#floor.clock.after(WRITE_DEADLINE_MS, () => this.#giveUp(this.#quorumLost())))
    this.#look()
    return this.#outcome.promise
  }

  #ask(nodes: ReadonlySet<number>): void {
    for (const [index, node] of this.#meantFor.entries()) {
      if (nodes.has(node) && !this.#tried.has(node)) this.#send(index, node)
    }
  }

  #send(index: number, node: number): void {
    const { clock, nodes } = this.#floor
    this.#tried.add(node)
    const turn = new AbortController()
    const giveBack = (): void => turn.abort(new HoldfastError('overloaded', 'the node is busy'))
    const mayReplace = (): boolean => !this.#answered && this.#meantFor[index] === node
    // A disk is silent only on what it was given; what waits for it stays where it is needed and nobody else takes it.
    let timer = clock.after(STALL_MS, () => {
      if (this.#answered || (mayReplace() && this.#replace(index, 'answering'))) giveBack()
    })
    const put: Promise<boolean> = this.#put(index, node, turn.signal, () => {
      timer.cancel()
      timer = clock.after(STALL_MS, () => {
        nodes.noteSilence(node, put)
        if (mayReplace()) this.#replace(index, 'answering')
        timer = clock.after(HUNG_AFTER_MS - STALL_MS, () => nodes.noteHang(node, put))
      })
    })
      .then(
        () => true,
        (error: unknown) => {
          nodes.noteFailure(node, error)
          // What a node has closed, none takes, and no commit either.
          if (hasCode(error, 'session_ended')) this.#giveUp(error)
          return false
        },
      )
      .finally(() => timer.cancel())
    this.#unsettled.add(put)
    const arrived = this.#inTime(put, giveBack)
    this.#waiting.set(index, arrived)
    const decided = arrived.then((isDurable) => {
      this.#undecided.delete(decided)
      if (this.#meantFor[index] === node) {
        this.#waiting.delete(index)
        if (isDurable) this.#durable.set(index, node)
        else if (!this.#answered) this.#replaceFailed(index)
      }
      this.#look()
    })
    this.#undecided.add(decided)
  }

  /** What comes of a put; false where that is not known by the deadline. */
  #inTime(put: Promise<boolean>, giveBack: () => void): Promise<boolean> {
    const { promise: givenUp, resolve: giveUp } = Promise.withResolvers<boolean>()
    const timer = this.#floor.clock.after(WRITE_DEADLINE_MS, () => {
      giveBack()
      giveUp(false)
    })
    const settled = put.finally(() => {
      timer.cancel()
      this.#unsettled.delete(put)
    })
    return Promise.race([settled, givenUp])
  }

  /** A node that cannot even be asked fails like one that does not answer. An abort takes back what has not had its turn yet. */
  async #put(index: number, node: number, turn: AbortSignal, onTurn: () => void): Promise<void> {
    const { memoryBytes } = this.#stripe
    const room = this.#floor.roomOf(node)
    await room.take(memoryBytes, turn)
    onTurn()
    try {
      await this.#floor.nodes.store(node).put(this.#putOf(index))
    } finally {
      room.give(memoryBytes)
    }
  }

  #putOf(index: number): ShardPut {
    const { stripe, bucket, shape, order, sealed } = this.#stripe
    const original = sealed.records[index]
    const sha256 = sealed.hashes[index]
    assert(original !== undefined && sha256 !== undefined, 'a sealed stripe has a record for every shard')
    // Each node writes its own header before the shard, and a silent one may still do so: a substitute gets a copy.
    const record = this.#sent.has(index) ? { ...original, bytes: original.bytes.slice() } : original
    this.#sent.add(index)
    return { id: { stripe, index }, ...shape, bucket, order, sha256, record }
  }

  /** Nodes that are silent are asked only where the quorum needs them. */
  #replaceFailed(index: number): void {
    const { writeQuorum, sealed } = this.#stripe
    if (this.#replace(index, 'answering') || this.#durable.size + this.#waiting.size >= writeQuorum) return
    if (this.#replace(index, 'takers')) return
    this.#ask(new Set(this.#floor.nodes.takers(sealed.shardBytes).map(({ number }) => number)))
  }

  /** Sends the shard to a node that has none of this stripe; false where there is none. */
  #replace(index: number, which: 'answering' | 'takers'): boolean {
    const { nodes, random } = this.#floor
    const candidates = nodes
      .candidates(which, this.#stripe.sealed.shardBytes)
      .filter(({ number }) => this.#holds(number, index) || !this.#tried.has(number))
    const kept = candidates.flatMap(({ number }, position) => (this.#holds(number, index) ? [position] : []))
    if (kept.length === candidates.length) return false
    const shape = { ...this.#stripe.shape, shardBytes: this.#stripe.sealed.shardBytes }
    const position = replaceOne(() => random.float(), candidates, { kept, failed: [] }, shape)
    const node = candidates[position]?.number
    assert(node !== undefined, 'a substitute is one of the candidates')
    this.#meantFor[index] = node
    this.#send(index, node)
    return true
  }

  /** Whether the node is meant for another shard of this stripe. */
  #holds(node: number, index: number): boolean {
    return this.#meantFor.some((meant, other) => meant === node && other !== index)
  }

  /** Answers as soon as the counts allow an answer, either way. */
  #look(): void {
    if (this.#answered) return
    const { writeQuorum, shape } = this.#stripe
    const total = shape.dataShards + shape.parityShards
    if (this.#durable.size >= writeQuorum) {
      if (this.#durable.size === total || this.#waiting.size === 0) this.#answer()
      else if (!this.#beyondQuorum) {
        this.#beyondQuorum = true
        this.#timers.push(this.#floor.clock.after(BEYOND_QUORUM_MS, () => this.#answer()))
      }
    } else if (this.#durable.size + this.#waiting.size < writeQuorum) this.#giveUp(this.#quorumLost())
  }

  #answer(): void {
    if (this.#answered) return
    this.#finish()
    const { sealed, order } = this.#stripe
    const shards = this.#meantFor.map((node, index): ShardRow => {
      const sha256 = sealed.hashes[index]
      assert(sha256 !== undefined, 'every shard has its hash')
      const state = this.#durable.has(index) ? 'durable' : this.#waiting.has(index) ? 'expected' : 'missing'
      return { node, index, state, verifiedDay: 0, sequence: order.sequence, sha256 }
    })
    const late = [...this.#waiting].map(
      ([index, arrived]): LateShard => ({ index, node: this.#meantFor[index] ?? -1, arrived }),
    )
    this.#outcome.resolve({ shards, late, aftermath: this.#aftermath() })
  }

  #quorumLost(): HoldfastError {
    return new QuorumLostError({ needed: this.#stripe.writeQuorum, reached: this.#durable.size })
  }

  #giveUp(cause: HoldfastError): void {
    if (this.#answered) return
    this.#finish()
    this.#outcome.reject(new StripeNotWritten(cause, this.#aftermath()))
  }

  #finish(): void {
    this.#answered = true
    for (const timer of this.#timers) timer.cancel()
  }

  /** Nothing is sent behind the answer, so that what is under way now is all there will be. */
  #aftermath(): Aftermath {
    return { decided: allOf(this.#undecided), settled: allOf(this.#unsettled) }
  }
}

async function allOf(promises: Iterable<Promise<unknown>>): Promise<void> {
  await Promise.all(promises)
}
