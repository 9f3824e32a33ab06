/**
 * Sends the shards of one stripe to n different nodes and answers when the write may be acknowledged: all n are durable, or the
 * write quorum is and another 100 ms have passed. A node that fails, or is silent for long, is replaced by one that holds no
 * shard of this stripe, where there is one. What is missing then is committed as *expected* or *missing* and followed up.
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
import { HoldfastError, QuorumLostError } from '@holdfast/core/wire/errors.ts'
import type { Id, StripeId } from '@holdfast/core/wire/ids.ts'
import type { ShardRow } from '../catalog/rows.ts'
import type { SealedStripe, StripeShape } from '../compute/compute.ts'
import type { Clock } from '../seams/clock.ts'
import type { Random } from '../seams/random.ts'
import type { Order, ShardPut } from '../storage/shard-store.ts'
import type { Nodes } from './nodes.ts'

/** How long the answer waits beyond the quorum for the shards that are still on their way. */
const BEYOND_QUORUM_MS = 100
/** A put that is silent for this long gets a substitute, if there is one. */
const STALL_MS = 2000
/** No quorum within this time: the write is given up. */
const WRITE_DEADLINE_MS = 30_000

export interface StripeWrite {
  readonly stripe: StripeId
  readonly bucket: Id
  readonly shape: StripeShape
  readonly writeQuorum: number
  readonly order: Order
  readonly sealed: SealedStripe
}

/** A shard that was still on its way when the write was answered. */
export interface LateShard {
  readonly index: number
  readonly node: number
  readonly arrived: Promise<boolean>
}

export interface WrittenStripe {
  /** One row per index, in order. */
  readonly shards: readonly ShardRow[]
  readonly late: readonly LateShard[]
  /** When no node reads the slot's memory any more. Never rejects. */
  readonly settled: Promise<void>
}

/** Nothing was written so far that anyone could see, and nothing will be committed; `settled` says when the memory is free. */
export class StripeNotWritten extends Error {
  readonly settled: Promise<void>

  constructor(cause: HoldfastError, settled: Promise<void>) {
    super(cause.message, { cause })
    this.settled = settled
  }
}

export class StripeWriter {
  readonly #nodes: Nodes
  readonly #clock: Clock
  readonly #random: Random

  constructor(nodes: Nodes, clock: Clock, random: Random) {
    this.#nodes = nodes
    this.#clock = clock
    this.#random = random
  }

  /** @throws StripeNotWritten, for lack of quorum or of nodes */
  write(stripe: StripeWrite): Promise<WrittenStripe> {
    let chosen: number[]
    try {
      chosen = this.#choose(stripe)
    } catch (error) {
      assert(error instanceof HoldfastError, 'placement fails only for lack of nodes')
      return Promise.reject(new StripeNotWritten(error, Promise.resolve()))
    }
    return new Attempt(stripe, chosen, this.#nodes, this.#clock, this.#random).run()
  }

  /** The node of each shard. Where too few take one now, all of those do, and others are chosen as those that lack theirs. */
  #choose({ shape, sealed, writeQuorum }: StripeWrite): number[] {
    const needed = { ...shape, shardBytes: sealed.shardBytes }
    const random = (): number => this.#random.float()
    const takers = this.#nodes.candidates('takers', sealed.shardBytes)
    if (takers.length < writeQuorum) throw new QuorumLostError({ needed: writeQuorum, reached: takers.length })
    const total = shape.dataShards + shape.parityShards
    if (takers.length >= total) return place(random, takers, needed).map((position) => takers[position]?.number ?? -1)
    const all = this.#nodes.candidates('all', sealed.shardBytes)
    const kept = takers.map((taker) => all.findIndex(({ number }) => number === taker.number))
    while (kept.length < total) kept.push(replaceOne(random, all, { kept, failed: [] }, needed))
    return shuffled(random, kept).map((position) => all[position]?.number ?? -1)
  }
}

type Settle = (outcome: WrittenStripe) => void

/** One stripe on its way. */
class Attempt {
  readonly #stripe: StripeWrite
  readonly #nodes: Nodes
  readonly #clock: Clock
  readonly #random: Random
  /** The node that each index is now meant for. */
  readonly #meantFor: number[]
  readonly #tried: Set<number>
  readonly #durable = new Map<number, number>()
  /** Indexes whose record a node was given already. */
  readonly #sent = new Set<number>()
  readonly #pending = new Set<Promise<void>>()
  readonly #waiting = new Map<number, Promise<boolean>>()
  readonly #timers: { cancel(): void }[] = []
  #resolve: Settle = () => {}
  #reject: (error: Error) => void = () => {}
  #answered = false
  #beyondQuorum = false

  constructor(stripe: StripeWrite, chosen: number[], nodes: Nodes, clock: Clock, random: Random) {
    this.#stripe = stripe
    this.#meantFor = chosen
    this.#tried = new Set(chosen)
    this.#nodes = nodes
    this.#clock = clock
    this.#random = random
  }

  run(): Promise<WrittenStripe> {
    return new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
      for (const [index, node] of this.#meantFor.entries()) {
        if (this.#nodes.takes(node, this.#stripe.sealed.shardBytes)) this.#send(index, node)
      }
      this.#timers.push(this.#clock.after(STALL_MS, () => this.#replaceSilent()))
      this.#timers.push(this.#clock.after(WRITE_DEADLINE_MS, () => this.#giveUp()))
      this.#look()
    })
  }

  #send(index: number, node: number): void {
    const isMeant = (): boolean => this.#meantFor[index] === node
    const arrived = this.#put(index, node).then(
      () => {
        if (isMeant()) {
          this.#durable.set(index, node)
          this.#waiting.delete(index)
        }
        return true
      },
      (error: unknown) => {
        this.#nodes.noteFailure(node, error)
        if (isMeant()) {
          this.#waiting.delete(index)
          if (!this.#answered) this.#replace(index)
        }
        return false
      },
    )
    this.#waiting.set(index, arrived)
    const settled = arrived.then(() => {
      this.#pending.delete(settled)
      this.#look()
    })
    this.#pending.add(settled)
  }

  /** A node that cannot even be asked fails like one that does not answer. */
  async #put(index: number, node: number): Promise<void> {
    await this.#nodes.store(node).put(this.#putOf(index))
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

  /** Sends the shard to a node that has none of this stripe; where there is none, it stays missing. */
  #replace(index: number): void {
    const candidates = this.#nodes
      .candidates('takers', this.#stripe.sealed.shardBytes)
      .filter(({ number }) => this.#holds(number, index) || !this.#tried.has(number))
    const kept = candidates.flatMap(({ number }, position) => (this.#holds(number, index) ? [position] : []))
    if (kept.length === candidates.length) return
    const shape = { ...this.#stripe.shape, shardBytes: this.#stripe.sealed.shardBytes }
    const position = replaceOne(() => this.#random.float(), candidates, { kept, failed: [] }, shape)
    const node = candidates[position]?.number
    assert(node !== undefined, 'a substitute is one of the candidates')
    this.#meantFor[index] = node
    this.#tried.add(node)
    this.#send(index, node)
  }

  /** Whether the node is meant for another shard of this stripe. */
  #holds(node: number, index: number): boolean {
    return this.#meantFor.some((meant, other) => meant === node && other !== index)
  }

  #replaceSilent(): void {
    for (const index of [...this.#waiting.keys()]) {
      this.#nodes.noteSilence(this.#meantFor[index] ?? -1)
      this.#replace(index)
    }
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
        this.#timers.push(this.#clock.after(BEYOND_QUORUM_MS, () => this.#answer()))
      }
    } else if (this.#durable.size + this.#waiting.size < writeQuorum) this.#giveUp()
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
    this.#resolve({ shards, late, settled: this.#settled() })
  }

  #giveUp(): void {
    if (this.#answered) return
    this.#finish()
    const cause = new QuorumLostError({ needed: this.#stripe.writeQuorum, reached: this.#durable.size })
    this.#reject(new StripeNotWritten(cause, this.#settled()))
  }

  #finish(): void {
    this.#answered = true
    for (const timer of this.#timers) timer.cancel()
  }

  async #settled(): Promise<void> {
    while (this.#pending.size > 0) await Promise.all(this.#pending)
  }
}
