/**
 * Brings the stored bytes of a chunk back from its stripe. In the healthy case that is one ranged read on one node (one per shard
 * where a large chunk crosses borders). Where a node does not answer, the same range is read from k other shards and decoded, for the
 * code works bytewise.
 *
 * Whether the bytes are right, the chunk's tag tells, and only it. So they are first read as they are; where the tag fails, once more
 * `checked` by the nodes, which leaves out blocks that fail their CRC. What is wrong even then is asked for `verified`: the
 * shards are read whole, those that differ from their committed hash are reported, and only what matches is decoded.
 * Combinations are never guessed.
 */
import { hash } from 'node:crypto'
import { HoldfastError, hasCode } from '@holdfast/core/wire/errors.ts'
import type { ShardRow, StripeRow } from '../catalog/rows.ts'
import type { Compute, Shard } from '../compute/compute.ts'
import type { Nodes } from './nodes.ts'

interface Piece {
  readonly index: number
  readonly offset: number
  readonly length: number
}

export interface Stretch {
  readonly place: number
  readonly storedBytes: number
}

/** The nodes check what they read, or hand it over as it is, into `memory` where it lies in one piece. */
export interface Look {
  readonly checked: boolean
  readonly memory?: Uint8Array | undefined
}

/** Told of shards that were found damaged or missing on a node that answered. */
export type DamageReport = (stripe: StripeRow, index: number, state: 'damaged' | 'missing') => void

export class StripeReader {
  readonly #nodes: Nodes
  readonly #compute: Compute
  readonly #onDamage: DamageReport

  constructor(nodes: Nodes, compute: Compute, onDamage: DamageReport) {
    this.#nodes = nodes
    this.#compute = compute
    this.#onDamage = onDamage
  }

  /** The stretch at once, where it lies on one healthy node that has it near; else undefined. */
  readNow(stripe: StripeRow, { place, storedBytes }: Stretch): Uint8Array | undefined {
    const index = Math.floor(place / stripe.shardBytes)
    const offset = place - index * stripe.shardBytes
    const shard = holderOf(stripe, index)
    if (shard === undefined || offset + storedBytes > stripe.shardBytes || !this.#nodes.isOnline(shard.node))
      return undefined
    try {
      return this.#nodes.store(shard.node).getNow({ stripe: stripe.stripe, index }, { offset, length: storedBytes })
    } catch {
      // Whatever is wrong, the patient way finds out and reports it.
      return undefined
    }
  }

  /** @throws file_unavailable while fewer than k shards can be read */
  async read(stripe: StripeRow, stretch: Stretch, how: Look): Promise<Uint8Array> {
    const pieces = piecesOf(stripe, stretch)
    const each = pieces.length === 1 ? how : { checked: how.checked }
    const parts = await Promise.all(pieces.map((piece) => this.#readPiece(stripe, piece, each)))
    const [only] = parts
    return parts.length === 1 && only !== undefined ? only : Buffer.concat(parts)
  }

  /** As `read`, from shards that were read whole and match their committed hash. */
  async readVerified(stripe: StripeRow, stretch: Stretch): Promise<Uint8Array> {
    const shards = await Promise.all(stripe.shards.map((shard) => this.#wholeShard(stripe, shard)))
    const good = shards.filter((shard) => shard !== undefined)
    const parts = piecesOf(stripe, stretch).map(({ index, offset, length }) => {
      const whole = good.find((shard) => shard.index === index)
      if (whole !== undefined) return whole.bytes.subarray(offset, offset + length)
      const present = distinct(good).slice(0, stripe.dataShards)
      if (present.length < stripe.dataShards) throw unavailable(stripe, present.length)
      const range = present.map(({ index: from, bytes }) => ({
        index: from,
        bytes: bytes.subarray(offset, offset + length),
      }))
      return this.#decode(stripe, range, index)
    })
    return Buffer.concat(parts)
  }

  async #readPiece(stripe: StripeRow, piece: Piece, how: Look): Promise<Uint8Array> {
    const shard = holderOf(stripe, piece.index)
    const direct = shard && (await this.#readShard(stripe, shard, piece, how))
    if (direct !== undefined) return direct
    const others = distinct(stripe.shards.filter(({ index, state }) => index !== piece.index && state === 'durable'))
    const read: Shard[] = []
    // As many as are lacking at a time: the k cheapest first, further ones in place of those that fail.
    for (let next = 0; read.length < stripe.dataShards; ) {
      const asked = others.slice(next, next + stripe.dataShards - read.length)
      if (asked.length === 0) throw unavailable(stripe, read.length)
      next += asked.length
      const answers = await Promise.all(
        asked.map((other) => this.#readShard(stripe, other, piece, { checked: how.checked })),
      )
      for (const [i, bytes] of answers.entries())
        if (bytes !== undefined) read.push({ index: asked[i]?.index ?? -1, bytes })
    }
    return this.#decode(stripe, read, piece.index)
  }

  #decode(stripe: StripeRow, present: readonly Shard[], index: number): Uint8Array {
    const [rebuilt] = this.#compute.rebuild(stripe, present, [index])
    return rebuilt ?? new Uint8Array()
  }

  /** The piece's range of a shard, or undefined where its node has it not, has it damaged, or does not answer. */
  async #readShard(
    stripe: StripeRow,
    shard: ShardRow,
    { offset, length }: Piece,
    { checked, memory }: Look,
  ): Promise<Uint8Array | undefined> {
    if (!this.#nodes.isOnline(shard.node)) return undefined
    try {
      const id = { stripe: stripe.stripe, index: shard.index }
      const store = this.#nodes.store(shard.node)
      return await (checked ? store.get(id, { offset, length }) : store.getAsIs(id, { offset, length }, memory))
    } catch (error) {
      this.#noteFailure(stripe, shard, error)
      return undefined
    }
  }

  async #wholeShard(stripe: StripeRow, shard: ShardRow): Promise<Shard | undefined> {
    if (shard.state !== 'durable' || !this.#nodes.isOnline(shard.node)) return undefined
    try {
      const bytes = await this.#nodes.store(shard.node).get({ stripe: stripe.stripe, index: shard.index })
      if (bytes.length === stripe.shardBytes && hash('sha256', bytes, 'hex') === shard.sha256)
        return { index: shard.index, bytes }
      this.#onDamage(stripe, shard.index, 'damaged')
    } catch (error) {
      this.#noteFailure(stripe, shard, error)
    }
    return undefined
  }

  #noteFailure(stripe: StripeRow, shard: ShardRow, error: unknown): void {
    if (hasCode(error, 'shard_corrupt')) this.#onDamage(stripe, shard.index, 'damaged')
    else if (hasCode(error, 'shard_not_found')) this.#onDamage(stripe, shard.index, 'missing')
    else this.#nodes.noteFailure(shard.node, error)
  }
}

function holderOf(stripe: StripeRow, index: number): ShardRow | undefined {
  return stripe.shards.find((shard) => shard.index === index && shard.state === 'durable')
}

/** While a shard moves, its index has two entries; one of them is enough. */
function distinct<Item extends { readonly index: number }>(items: readonly Item[]): Item[] {
  return items.filter((item, at) => items.findIndex((other) => other.index === item.index) === at)
}

function piecesOf(stripe: StripeRow, { place, storedBytes }: Stretch): Piece[] {
  const pieces: Piece[] = []
  for (let at = place; at < place + storedBytes; ) {
    const index = Math.floor(at / stripe.shardBytes)
    const offset = at - index * stripe.shardBytes
    const length = Math.min(place + storedBytes - at, stripe.shardBytes - offset)
    pieces.push({ index, offset, length })
    at += length
  }
  return pieces
}

function unavailable(stripe: StripeRow, read: number): HoldfastError {
  return new HoldfastError(
    'file_unavailable',
    `${read} of the ${stripe.dataShards} shards needed can be read now; try again when more nodes are back`,
    { details: { needed: stripe.dataShards, readable: read } },
  )
}
