/**
 * Which nodes take the shards of a stripe: a pure function of random numbers and of what is known of the nodes. Its
 * answer is recorded with the stripe and never computed again, so that nodes may come, fill and go.
 *
 * In this order:
 * 1. Never two shards on one node, and none on a node without room.
 * 2. The zones share the shards as evenly as their numbers of nodes allow. The worst loss of one zone is thereby as small
 *    as it can be: if any choice of nodes keeps it at m shards or fewer, this one does.
 * 3. Where that leaves a choice, it follows free space x weight, so that nodes fill together.
 * 4. Which of the chosen nodes takes which shard is even chance, for reads go to the data shards.
 */
import { assert } from '../wire/assert.ts'
import { PolicyUnplaceableError } from '../wire/errors.ts'
import { shuffled, weightedSample } from './weighted-sample.ts'

export interface PlacementNode {
  readonly number: number
  /** The name of what fails together. */
  readonly zone: string
  readonly freeBytes: number
  /** An operator's factor on the free space, 1 where nothing is said; a node of weight 0 takes nothing new. */
  readonly weight: number
}

export interface PlacementShape {
  readonly dataShards: number
  readonly parityShards: number
  /** What a node must have free to take one shard. */
  readonly shardBytes: number
}

/** A node that can take a shard, and its position among all nodes. */
interface Candidate {
  readonly position: number
  readonly zone: string
  readonly weight: number
}

interface Zone {
  readonly candidates: Candidate[]
  shards: number
}

/**
 * The positions in `nodes` of the nodes that take shards 0, 1, 2, …
 * @param random evenly spread over [0, 1)
 * @throws {PolicyUnplaceableError}
 */
export function place(random: () => number, nodes: readonly PlacementNode[], shape: PlacementShape): number[] {
  assert(new Set(nodes.map((node) => node.number)).size === nodes.length, 'each node is given once')
  const candidates = candidatesOf(nodes, shape)
  const needed = shape.dataShards + shape.parityShards
  if (candidates.length < needed) throw new PolicyUnplaceableError({ needed, present: candidates.length })
  const zones = zonesOf(candidates)
  deal(random, zones, needed)
  const chosen = zones.flatMap((zone) => draw(random, zone.candidates, zone.shards))
  return shuffled(random, chosen)
}

/**
 * The position of a node for a shard whose own node failed: in a zone that has fewest of the stripe's other shards.
 * @param kept positions of the nodes that hold, or will hold, those other shards
 * @param failed positions of nodes that are out of the question
 * @throws {PolicyUnplaceableError}
 */
export function replaceOne(
  random: () => number,
  nodes: readonly PlacementNode[],
  { kept, failed }: { readonly kept: readonly number[]; readonly failed: readonly number[] },
  shape: PlacementShape,
): number {
  const open = candidatesOf(nodes, shape).filter(
    ({ position }) => !kept.includes(position) && !failed.includes(position),
  )
  const keptIn = (zone: string): number => kept.filter((position) => nodes[position]?.zone === zone).length
  const fewest = Math.min(...open.map(({ zone }) => keptIn(zone)))
  const best = open.filter(({ zone }) => keptIn(zone) === fewest)
  const [chosen] = draw(random, best, Math.min(1, best.length))
  if (chosen === undefined) {
    throw new PolicyUnplaceableError({ needed: shape.dataShards + shape.parityShards, present: kept.length })
  }
  return chosen
}

function candidatesOf(nodes: readonly PlacementNode[], shape: PlacementShape): Candidate[] {
  assert(
    shape.dataShards >= 1 && shape.parityShards >= 0 && shape.shardBytes >= 1,
    'a stripe has shards, and they bytes',
  )
  return nodes.flatMap(({ zone, freeBytes, weight }, position) =>
    freeBytes >= shape.shardBytes && weight > 0 ? [{ position, zone, weight: freeBytes * weight }] : [],
  )
}

function zonesOf(candidates: readonly Candidate[]): Zone[] {
  const byName = Map.groupBy(candidates, ({ zone }) => zone)
  return [...byName.values()].map((members) => ({ candidates: members, shards: 0 }))
}

/** Deals shards to zones in rounds: each zone with a node left gets one; in the last round the weight decides which do. */
function deal(random: () => number, zones: readonly Zone[], shards: number): void {
  let left = shards
  while (left > 0) {
    const open = zones.filter((zone) => zone.shards < zone.candidates.length)
    const claims = open.map((zone) => ({ weight: totalWeight(zone.candidates), already: zone.shards }))
    const dealt = weightedSample(random, claims, Math.min(left, open.length))
    for (const [i, zone] of open.entries()) if (dealt.includes(i)) zone.shards++
    left -= dealt.length
  }
}

function draw(random: () => number, candidates: readonly Candidate[], count: number): number[] {
  const drawn = weightedSample(
    random,
    candidates.map(({ weight }) => ({ weight, already: 0 })),
    count,
  )
  return candidates.filter((_, i) => drawn.includes(i)).map(({ position }) => position)
}

function totalWeight(candidates: readonly Candidate[]): number {
  return candidates.reduce((sum, { weight }) => sum + weight, 0)
}
