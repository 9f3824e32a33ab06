import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { seededFloats } from '../../../tests/seeded-floats.ts'
import { HoldfastError, hasCode } from '../wire/errors.ts'
import { type PlacementNode, place, replaceOne } from './place.ts'

const shape = (dataShards: number, parityShards: number) => ({ dataShards, parityShards, shardBytes: 1 })

/** Nodes by zone: `{ a: [10, 20] }` is two nodes in zone a with 10 and 20 bytes free. */
function nodesOf(freeBytesIn: Record<string, readonly number[]>): PlacementNode[] {
  return Object.entries(freeBytesIn)
    .flatMap(([zone, free]) => free.map((freeBytes) => ({ zone, freeBytes, weight: 1 })))
    .map((node, number) => ({ number, ...node }))
}

function shardsByZone(nodes: readonly PlacementNode[], chosen: readonly number[]): number[] {
  const counts = new Map<string, number>()
  for (const position of chosen) {
    const zone = nodes[position]?.zone ?? 'no such node'
    counts.set(zone, (counts.get(zone) ?? 0) + 1)
  }
  return [...counts.values()].sort((a, b) => b - a)
}

const worstZone = (nodes: readonly PlacementNode[], chosen: readonly number[]): number =>
  Math.max(...shardsByZone(nodes, chosen))

/** The smallest loss of a zone over every choice of `count` nodes, by trying them all. */
function bestWorstZone(nodes: readonly PlacementNode[], count: number): number {
  let best = Number.POSITIVE_INFINITY
  const chosen: number[] = []
  const tryFrom = (position: number): void => {
    if (chosen.length === count) {
      best = Math.min(best, worstZone(nodes, chosen))
      return
    }
    for (let next = position; next <= nodes.length - (count - chosen.length); next++) {
      chosen.push(next)
      tryFrom(next + 1)
      chosen.pop()
    }
  }
  tryFrom(0)
  return best
}

/** Every way to have up to four zones of up to four nodes, each zone no larger than the one before. */
const zoneSizes: number[][] = [4, 3, 2, 1]
  .flatMap((a) =>
    [0, 1, 2, 3, 4].flatMap((b) => [0, 1, 2, 3, 4].flatMap((c) => [0, 1, 2, 3, 4].map((d) => [a, b, c, d]))),
  )
  .filter(([a = 0, b = 0, c = 0, d = 0]) => a >= b && b >= c && c >= d)

const shapes = [shape(1, 0), shape(1, 1), shape(1, 2), shape(2, 1), shape(2, 2), shape(3, 2), shape(4, 2), shape(3, 3)]

function zonedNodes(sizes: readonly number[], freeBytes: () => number): PlacementNode[] {
  return nodesOf(
    Object.fromEntries(sizes.map((size, zone) => [`zone ${zone}`, Array.from({ length: size }, freeBytes)])),
  )
}

describe('placement', () => {
  it('keeps the loss of any zone as small as any choice of nodes can, in every small cluster', () => {
    const random = seededFloats(1)
    let feasible = 0
    for (const sizes of zoneSizes) {
      for (const each of shapes) {
        const count = each.dataShards + each.parityShards
        const nodes = zonedNodes(sizes, () => 1 + Math.floor(random() ** 8 * 1e12))
        if (nodes.length < count) continue
        const best = bestWorstZone(nodes, count)
        if (best <= each.parityShards) feasible++
        for (let i = 0; i < 5; i++) {
          const chosen = place(random, nodes, each)
          assert.equal(new Set(chosen).size, count)
          assert.equal(worstZone(nodes, chosen), best, `${sizes} for ${count} shards`)
        }
      }
    }
    assert.ok(feasible > 100, `${feasible}`)
  })

  it('would fail that test if it went by free space alone', () => {
    const nodes = nodesOf({ a: [9, 9, 9, 9], b: [1], c: [1, 1] })
    const byFreeSpace = [0, 1, 2, 3, 4]
    assert.ok(worstZone(nodes, byFreeSpace) > bestWorstZone(nodes, 5))
    assert.equal(worstZone(nodes, place(seededFloats(1), nodes, shape(3, 2))), 2)
  })

  it('spreads over the zones evenly, not just well enough', () => {
    const random = seededFloats(2)
    const nodes = nodesOf({ a: [9e9, 9e9, 9e9], b: [9e9, 9e9, 9e9], c: [5, 5], d: [5] })
    for (let i = 0; i < 100; i++) {
      assert.deepEqual(shardsByZone(nodes, place(random, nodes, shape(3, 2))), [2, 1, 1, 1])
      assert.deepEqual(shardsByZone(nodes, place(random, nodes, shape(1, 2))), [1, 1, 1])
    }
  })

  it('never takes a node twice or one without room, whatever the numbers', () => {
    const node = fc.record({
      zone: fc.constantFrom('a', 'b', 'c', 'd'),
      freeBytes: fc.oneof(fc.constantFrom(0, 99, 100, 101), fc.maxSafeNat()),
      weight: fc.constantFrom(0, 1e-9, 0.5, 1, 1000),
    })
    const drawn = fc.array(node, { maxLength: 24 }).map((nodes) => nodes.map((each, number) => ({ number, ...each })))
    const edges = fc.constantFrom(0, 1 - 2 ** -53)
    fc.assert(
      fc.property(
        drawn,
        fc.integer({ min: 1, max: 16 }),
        fc.nat(4),
        fc.nat(),
        fc.option(edges),
        (nodes, k, m, seed, edge) => {
          const random = edge === null ? seededFloats(seed) : () => edge
          const able = nodes.filter(({ freeBytes, weight }) => freeBytes >= 100 && weight > 0)
          const wanted = { dataShards: k, parityShards: m, shardBytes: 100 }
          if (able.length < k + m) {
            assert.throws(() => place(random, nodes, wanted), isUnplaceable)
            return
          }
          const chosen = place(random, nodes, wanted).map((position) => nodes[position])
          assert.equal(new Set(chosen).size, k + m)
          for (const each of chosen) assert.ok(each !== undefined && able.includes(each))
        },
      ),
      { numRuns: 1000 },
    )
  })

  it('says how many nodes are missing', () => {
    const nodes = nodesOf({ a: [9, 9, 9], b: [0, 0] })
    assert.throws(
      () => place(seededFloats(1), nodes, shape(3, 2)),
      (error) => error instanceof HoldfastError && error.details.missing === 2,
    )
  })

  it('refuses a list that names a node twice', () => {
    const [node] = nodesOf({ a: [9] })
    assert.ok(node)
    assert.throws(() => place(seededFloats(1), [node, node], shape(1, 1)), /each node is given once/)
  })

  it('follows free space among single-node zones', () => {
    const nodes = nodesOf(
      Object.fromEntries([10, 20, 30, 40, 50, 60, 70, 80, 90, 100].map((free, i) => [`${i}`, [free]])),
    )
    assertSharesFollow(nodes, shape(3, 2), 5 / 550)
  })

  it('would fail that test if it drew nodes one after another by weight', () => {
    const random = seededFloats(8)
    const weights = [10, 20, 30, 40, 50, 60, 70, 80, 90, 100]
    let heaviest = 0
    for (let i = 0; i < 20_000; i++) {
      const left = new Set(weights.keys())
      for (let draw = 0; draw < 5; draw++) {
        let at = random() * [...left].reduce((sum, node) => sum + (weights[node] ?? 0), 0)
        const drawn = [...left].find((node) => {
          at -= weights[node] ?? 0
          return at < 0
        })
        left.delete(drawn ?? 0)
      }
      if (!left.has(9)) heaviest++
    }
    assert.ok(heaviest / 20_000 < (5 * 100) / 550 - 0.1, `${heaviest}`)
  })

  it('follows free space within zones that share evenly', () => {
    const nodes = nodesOf({ a: [10, 20, 30], b: [100, 200, 300], c: [1000, 2000, 3000] })
    assertSharesFollow(nodes, shape(1, 2), 1 / 60, (free) =>
      free >= 1000 ? free / 100 : free >= 100 ? free / 10 : free,
    )
  })

  it('lets the operator weigh a node up and down', () => {
    const nodes = nodesOf({ a: [10], b: [10], c: [10], d: [10] }).map((node) => ({
      ...node,
      weight: [1, 1, 1, 3][node.number] ?? 0,
    }))
    const shares = sharesOf(nodes, shape(1, 1))
    assert.deepEqual(
      shares.map((share) => Math.round(share * 50) / 50),
      [0.34, 0.34, 0.34, 1],
    )
  })

  it('fills nodes of different sizes together, to the end', () => {
    const random = seededFloats(3)
    const sizes = [1000, 1000, 2000, 2000, 3000, 3000, 4000, 4000]
    const nodes = nodesOf(Object.fromEntries(sizes.map((size, i) => [`${i}`, [size]])))
    const free = sizes.slice()
    for (let stripe = 0; stripe < (0.9 * 20_000) / 5; stripe++) {
      const now = nodes.map((node) => ({ ...node, freeBytes: free[node.number] ?? 0 }))
      for (const position of place(random, now, shape(3, 2))) free[position] = (free[position] ?? 0) - 1
    }
    for (const [i, size] of sizes.entries()) {
      const used = 1 - (free[i] ?? 0) / size
      assert.ok(used > 0.85 && used < 0.95, `node ${i} is ${used} full where all are 0.9 full`)
    }
  })

  it('gives every chosen node each shard equally often', () => {
    const random = seededFloats(4)
    const nodes = nodesOf({ a: [1, 1], b: [1e9, 1e9], c: [1] })
    const dataShards = nodes.map(() => 0)
    for (let i = 0; i < 10_000; i++) {
      for (const position of place(random, nodes, shape(3, 2)).slice(0, 3))
        dataShards[position] = (dataShards[position] ?? 0) + 1
    }
    for (const count of dataShards) assert.ok(Math.abs(count - 6000) < 250, `${dataShards}`)
  })
})

describe('a substitute', () => {
  it('is as good for the zones as any, in every small cluster', () => {
    const random = seededFloats(5)
    for (const sizes of zoneSizes) {
      for (const each of shapes) {
        const count = each.dataShards + each.parityShards
        const nodes = zonedNodes(sizes, () => 1 + Math.floor(random() * 1e12))
        if (nodes.length <= count) continue
        const [lost = -1, ...kept] = place(random, nodes, each)
        const substitute = replaceOne(random, nodes, { kept, failed: [lost] }, each)
        const others = [...nodes.keys()].filter((position) => position !== lost && !kept.includes(position))
        assert.ok(others.includes(substitute))
        const best = Math.min(...others.map((other) => worstZone(nodes, [...kept, other])))
        assert.equal(worstZone(nodes, [...kept, substitute]), best)
      }
    }
  })

  it('follows free space', () => {
    const random = seededFloats(6)
    const nodes = nodesOf({ a: [1], b: [1], c: [1, 10], d: [30] })
    const counts = [0, 0, 0, 0, 0]
    for (let i = 0; i < 10_000; i++) {
      const chosen = replaceOne(random, nodes, { kept: [0], failed: [1, 2] }, shape(1, 1))
      counts[chosen] = (counts[chosen] ?? 0) + 1
    }
    assert.deepEqual(
      counts.map((count) => Math.round(count / 500)),
      [0, 0, 0, 5, 15],
    )
  })

  it('is refused where every node is taken, failed or full', () => {
    const nodes = nodesOf({ a: [9, 9], b: [9, 0] })
    assert.throws(() => replaceOne(seededFloats(1), nodes, { kept: [0, 1], failed: [2] }, shape(1, 2)), isUnplaceable)
  })
})

function isUnplaceable(error: unknown): boolean {
  return hasCode(error, 'policy_unplaceable')
}

/** How often each node is chosen, per stripe. */
function sharesOf(nodes: readonly PlacementNode[], wanted: ReturnType<typeof shape>): number[] {
  const random = seededFloats(7)
  const rounds = 20_000
  const counts = nodes.map(() => 0)
  for (let i = 0; i < rounds; i++) {
    for (const position of place(random, nodes, wanted)) counts[position] = (counts[position] ?? 0) + 1
  }
  return counts.map((count) => count / rounds)
}

function assertSharesFollow(
  nodes: readonly PlacementNode[],
  wanted: ReturnType<typeof shape>,
  sharePerByte: number,
  countedAs: (freeBytes: number) => number = (freeBytes) => freeBytes,
): void {
  for (const [i, share] of sharesOf(nodes, wanted).entries()) {
    const expected = countedAs(nodes[i]?.freeBytes ?? 0) * sharePerByte
    // 20,000 rounds: four standard deviations of a share of a half are 0.014.
    assert.ok(Math.abs(share - expected) < 0.015, `node ${i} has ${share}, expected ${expected}`)
  }
}
