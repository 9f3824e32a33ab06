/**
 * Brings the stored bytes of a chunk back from its stripe. In the healthy case that is one ranged read on one node (one per shard
 * where a large chunk crosses borders). Where a node does not answer, or not soon, the same range is read from k other shards and
 * decoded, for the code works bytewise; what comes first is used.
 *
 * Whether the bytes are right, the chunk's tag tells, and only it. So they are first read as they are; where the tag fails, once more
 * `checked` by the nodes, which leaves out blocks that fail their CRC. What is wrong even then is asked for `verified`: shards are
 * read whole, those that differ from their committed hash are reported, and only what matches is decoded. Combinations are
 * never guessed, and a shard is called damaged or missing only after a second look.
 */
import { hash } from 'node:crypto'
import { HoldfastError, hasCode } from '@holdfast/core/wire/errors.ts'
import type { ShardRow, StripeRow } from '../catalog/rows.ts'
import type { Compute, Shard } from '../compute/compute.ts'
import type { Clock } from '../seams/clock.ts'
import type { ShardStore } from '../storage/shard-store.ts'
import { ByteBudget } from './byte-budget.ts'
import type { Nodes } from './nodes.ts'
import { gather } from './read-stripe-gather.ts'
import { ReadLane } from './read-stripe-lane.ts'

/** Of shards that are read whole: six stripes of five large shards, and the longest stripe of all. */
const WHOLE_BYTES_MAX = 64 * 1024 * 1024
const WHOLE_WAITERS_MAX = 64
const NEVER = new AbortController().signal

interface Piece {
  /** In the stretch. */
  readonly at: number
  readonly index: number
  readonly offset: number
  readonly length: number
}

export interface Stretch {
  readonly place: number
  readonly storedBytes: number
}

/** Whoever lent it has it back when nobody holds it any more: a read that hangs holds it as long as it hangs. */
export interface LentMemory {
  readonly bytes: Uint8Array
  hold(): void
  release(): void
}

/** The nodes check what they read, or hand it over as it is, into `memory`. */
export interface Look {
  readonly checked: boolean
  readonly memory?: LentMemory | undefined
}

/** Told of shards that were found damaged or missing, twice, on the node that should have them. */
export type DamageReport = (stripe: StripeRow, shard: ShardRow, state: 'damaged' | 'missing') => void

type Rebuilder = Pick<Compute, 'rebuild'>
type Ask = (store: ShardStore) => Promise<Uint8Array>

/** What a node is asked, and what it is asked once more where it has not that. */
interface Asking {
  readonly look: Ask
  readonly again: Ask
  readonly onSilence: () => void
  readonly signal: AbortSignal
  /** Where shards are noted that the node has damaged, or not at all. */
  readonly bad: Set<ShardRow>
}

export class StripeReader {
  readonly #nodes: Nodes
  readonly #compute: Rebuilder
  readonly #clock: Clock
  readonly #onDamage: DamageReport
  readonly #lanes = new Map<number, ReadLane>()
  readonly #whole = new ByteBudget(WHOLE_BYTES_MAX, WHOLE_WAITERS_MAX)

  constructor(nodes: Nodes, compute: Rebuilder, clock: Clock, onDamage: DamageReport) {
    this.#nodes = nodes
    this.#compute = compute
    this.#clock = clock
    this.#onDamage = onDamage
  }

  /** The stretch at once, where it lies on one healthy node that has it near; else undefined. */
  readNow(stripe: StripeRow, { place, storedBytes }: Stretch): Uint8Array | undefined {
    const index = Math.floor(place / stripe.shardBytes)
    const offset = place - index * stripe.shardBytes
    const shard = stripe.shards.find((each) => each.index === index && each.state === 'durable')
    if (shard === undefined || offset + storedBytes > stripe.shardBytes || !this.#nodes.isOnline(shard.node))
      return undefined
    if (this.#laneOf(shard.node).isSilent) return undefined
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
    const places = pieces.map((piece) => how.memory && partOf(how.memory, piece.at, piece.length))
    const parts = await Promise.all(
      pieces.map((piece, i) => this.#readPiece(stripe, piece, { checked: how.checked, memory: places[i] })),
    )
    const [only] = parts
    if (parts.length === 1 && only !== undefined) return only
    const isInPlace = parts.every((part, i) => isSame(part, places[i]?.bytes))
    // What came another way stands elsewhere, and a read that hangs may still fill its place.
    return isInPlace && how.memory !== undefined
      ? how.memory.bytes.subarray(0, stretch.storedBytes)
      : Buffer.concat(parts)
  }

  /** As `read`, from shards that were read whole and match their committed hash. @throws also overloaded */
  async readVerified(stripe: StripeRow, stretch: Stretch): Promise<Uint8Array> {
    const { dataShards: needed, shardBytes } = stripe
    const pieces = piecesOf(stripe, stretch)
    const asked: Promise<unknown>[] = []
    await this.#whole.take(stripe.shards.length * shardBytes, NEVER)
    try {
      const shards = this.#inOrder(stripe, (index) => pieces.some((piece) => piece.index === index))
      const bad = new Set<ShardRow>()
      const good = await gather(this.#clock, { shards, needed }, (shard, onSilence, signal) => {
        const look: Ask = (store) => wholeShard(store, stripe, shard)
        const answer = this.#ask(stripe, shard, { look, again: look, onSilence, signal, bad })
        asked.push(answer)
        return answer
      })
      const parts = pieces.map(({ index, offset, length }) => {
        const range = good.map((shard) => ({ ...shard, bytes: shard.bytes.subarray(offset, offset + length) }))
        return this.#pieceIn(stripe, range, index, bad)
      })
      return Buffer.concat(parts)
    } finally {
      // What hangs keeps its part.
      this.#whole.give((stripe.shards.length - asked.length) * shardBytes)
      for (const answer of asked) answer.then(() => this.#whole.give(shardBytes)).catch(() => {})
    }
  }

  async #readPiece(stripe: StripeRow, { index, offset, length }: Piece, how: Look): Promise<Uint8Array> {
    const shards = this.#inOrder(stripe, (each) => each === index)
    let { memory } = how
    const bad = new Set<ShardRow>()
    const wanted = { shards, needed: stripe.dataShards, enough: index }
    const present = await gather(this.#clock, wanted, async (shard, onSilence, signal) => {
      const id = { stripe: stripe.stripe, index: shard.index }
      const again: Ask = (store) => store.get(id, { offset, length })
      // For one read only: another may begin while it hangs.
      const into = memory
      memory = undefined
      into?.hold()
      const look: Ask = how.checked ? again : (store) => store.getAsIs(id, { offset, length }, into?.bytes)
      return await this.#ask(stripe, shard, { look, again, onSilence, signal, bad }).finally(() => into?.release())
    })
    return this.#pieceIn(stripe, present, index, bad)
  }

  /** @throws file_unavailable */
  #pieceIn(stripe: StripeRow, present: readonly Shard[], index: number, bad: ReadonlySet<ShardRow>): Uint8Array {
    const own = present.find((shard) => shard.index === index)
    if (own !== undefined) return own.bytes
    if (present.length < stripe.dataShards) throw this.#unavailable(stripe, present.length, bad)
    const [rebuilt] = this.#compute.rebuild(stripe, present.slice(0, stripe.dataShards), [index])
    return rebuilt ?? new Uint8Array()
  }

  /**
   * The shards that may be there, the cheapest first: on a node that is not silent, durable and not only expected, and of an index
   * that is enough by itself. While a shard moves, its index has two entries, and the second one comes last.
   */
  #inOrder({ shards }: StripeRow, isEnough: (index: number) => boolean): ShardRow[] {
    const rank = ({ node, state, index }: ShardRow, at: number): number => {
      const isSecond = !isEnough(index) && shards.findIndex((other) => other.index === index) < at
      const isSilent = this.#laneOf(node).isSilent
      return 8 * Number(isSilent) + 4 * Number(isSecond) + 2 * Number(state === 'expected') + Number(!isEnough(index))
    }
    return shards
      .map((shard, at) => ({ shard, rank: rank(shard, at) }))
      .filter(
        ({ shard: { node, state } }) => (state === 'durable' || state === 'expected') && this.#nodes.isOnline(node),
      )
      .sort((one, other) => one.rank - other.rank)
      .map(({ shard }) => shard)
  }

  /** Undefined where the node has the shard not, has it damaged, or does not answer. */
  async #ask(
    stripe: StripeRow,
    shard: ShardRow,
    { look, again, onSilence, signal, bad }: Asking,
  ): Promise<Uint8Array | undefined> {
    const inTurn = (ask: Ask): Promise<Uint8Array> =>
      this.#laneOf(shard.node).read(() => ask(this.#nodes.store(shard.node)), onSilence, signal)
    try {
      return await inTurn(look).catch((error: unknown) => {
        if (!hasCode(error, 'shard_corrupt', 'shard_not_found')) throw error
        return inTurn(again)
      })
    } catch (error) {
      if (hasCode(error, 'shard_corrupt', 'shard_not_found')) bad.add(shard)
      this.#noteFailure(stripe, shard, error)
      return undefined
    }
  }

  #noteFailure(stripe: StripeRow, shard: ShardRow, error: unknown): void {
    const isMissing = hasCode(error, 'shard_not_found')
    if (!isMissing && !hasCode(error, 'shard_corrupt')) this.#nodes.noteFailure(shard.node, error)
    // One that is only expected may still come.
    else if (shard.state === 'durable') this.#onDamage(stripe, shard, isMissing ? 'missing' : 'damaged')
  }

  /** Says which it is, for a node that is away comes back, and a damaged shard does not. */
  #unavailable({ shards, dataShards: needed }: StripeRow, readable: number, bad: ReadonlySet<ShardRow>): HoldfastError {
    const isAway = ({ node }: ShardRow): boolean => !this.#nodes.isOnline(node)
    const isBad = (shard: ShardRow): boolean =>
      bad.has(shard) || (shard.state !== 'durable' && shard.state !== 'expected')
    const damaged = shards.filter((shard) => isBad(shard)).length
    const away = new Set(shards.filter(isAway).map(({ node }) => node)).size
    const silent = shards.filter((shard) => !isBad(shard) && !isAway(shard)).length - readable
    const message =
      `${readable} of the ${needed} shards needed can be read now: ${damaged} are damaged or missing, ` +
      `${away} nodes are away, and ${silent} did not answer in time`
    return new HoldfastError('file_unavailable', message, { details: { needed, readable, damaged, away } })
  }

  #laneOf(node: number): ReadLane {
    const known = this.#lanes.get(node)
    if (known !== undefined) return known
    const lane = new ReadLane(this.#clock)
    this.#lanes.set(node, lane)
    return lane
  }
}

/** @throws shard_corrupt where it is not what was committed */
async function wholeShard(store: ShardStore, stripe: StripeRow, { index, sha256 }: ShardRow): Promise<Uint8Array> {
  const bytes = await store.get({ stripe: stripe.stripe, index })
  if (bytes.length === stripe.shardBytes && hash('sha256', bytes, 'hex') === sha256) return bytes
  throw new HoldfastError('shard_corrupt', 'the shard is not what was committed')
}

/** A part of lent memory, held with the whole, which may be there only from the first look on. */
function partOf(memory: LentMemory, at: number, lengthBytes: number): LentMemory {
  return {
    get bytes() {
      return memory.bytes.subarray(at, at + lengthBytes)
    },
    hold: () => memory.hold(),
    release: () => memory.release(),
  }
}

function isSame(one: Uint8Array, other: Uint8Array | undefined): boolean {
  return one.buffer === other?.buffer && one.byteOffset === other.byteOffset
}

function piecesOf(stripe: StripeRow, { place, storedBytes }: Stretch): Piece[] {
  const pieces: Piece[] = []
  for (let at = place; at < place + storedBytes; ) {
    const index = Math.floor(at / stripe.shardBytes)
    const offset = at - index * stripe.shardBytes
    const length = Math.min(place + storedBytes - at, stripe.shardBytes - offset)
    pieces.push({ at: at - place, index, offset, length })
    at += length
  }
  return pieces
}
