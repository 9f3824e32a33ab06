/**
 * How far what is stored is from unreadable, without a look at each stripe. Stripes that lack the same shards are a *group*; an index
 * holds the groups in order of what they can spare, and one seek leads from each to the next:
 *
 *     spare −1, lacks 2 4 5      spare 1, lacks 4      spare 2, lacks nothing: ten million stripes
 *
 * A node that is away takes one shard from every stripe of a group, unless it is among those whose shard the group lacks anyway. That
 * is exact where each stripe has a shard on every node; with more nodes than that it may be better than said here, never worse.
 */
import { bytesIn, numberIn, orNull } from '../cells.ts'
import { unpackLacking } from '../spare-shards.ts'
import { query, type Row, type Steps, type Transaction } from '../transaction.ts'

/** Groups looked at in one call; what stands behind them counts as the worst that it could be. */
const GROUPS_MAX = 1000
const BELOW_ALL = -1000

const NEXT_OF_SPARE =
  'SELECT spare, lacking FROM stripes WHERE spare = ? AND lacking > ? ORDER BY spare, lacking LIMIT 1'
const NEXT_SPARE = 'SELECT spare, lacking FROM stripes WHERE spare > ? ORDER BY spare, lacking LIMIT 1'

export interface StoredHealthArgs {
  /** Numbers of the nodes that answer; every other one that the catalog knows is away. */
  readonly there: readonly number[]
}

/** Of the worst stripe, the durable shards beyond those that a read needs; infinite where there is no stripe. */
export interface StoredHealth {
  /** Wherever they are, and those that are only expected too: below 0 they do not exist any more. */
  readonly existing: number
  readonly onNodesThere: number
  /** On nodes that are there and were not rolled back: what such a node holds is unknown. */
  readonly certain: number
  /** Some stripe lacks a shard, wherever its nodes are. */
  readonly isIncomplete: boolean
  readonly isEmpty: boolean
  /** Some node is not there. */
  readonly isNodeAway: boolean
  /** Numbers of the nodes whose disk went back in time. */
  readonly rolledBack: readonly number[]
  /** The most nodes that a write to any bucket needs. */
  readonly writeQuorum: number
}

export const storedHealth: Transaction<StoredHealthArgs, StoredHealth> = {
  name: 'storedHealth',
  *run({ there }) {
    const nodes = yield* query('SELECT number, rolled_back_at FROM nodes ORDER BY number')
    const [quorum] = yield* query('SELECT max(write_quorum) AS needed FROM buckets')
    const numbersOf = (rows: readonly Row[]): number[] => rows.map((row) => numberIn(row, 'number'))
    const away = new Set(numbersOf(nodes)).difference(new Set(there))
    const rolledBack = numbersOf(nodes.filter((row) => row['rolled_back_at'] !== null))
    return {
      ...(yield* worstOf(away, away.union(new Set(rolledBack)))),
      isNodeAway: away.size > 0,
      rolledBack,
      writeQuorum: (quorum && orNull(quorum, 'needed', numberIn)) ?? 0,
    }
  },
}

type Worst = Pick<StoredHealth, 'existing' | 'onNodesThere' | 'certain' | 'isIncomplete' | 'isEmpty'>

/** Groups come in order of what they can spare, so that the walk ends where those that follow cannot be worse. */
function* worstOf(away: ReadonlySet<number>, unsure: ReadonlySet<number>): Steps<Worst> {
  let [existing, onNodesThere, certain] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY]
  let isIncomplete = false
  let group = yield* nextGroup(undefined)
  const isEmpty = group === undefined
  for (let looked = 0; group !== undefined && looked <= GROUPS_MAX; looked++) {
    const { spare } = group
    // Without what it lacks, the group counts as the worst that it could be.
    const lacking = looked < GROUPS_MAX ? unpackLacking(group.lacking) : []
    const held = (nodes: ReadonlySet<number>): number => nodes.difference(new Set(lacking.map(({ node }) => node))).size
    const isWorst = spare - away.size >= onNodesThere && spare - unsure.size >= certain && spare >= 0
    if (isWorst && isIncomplete) break
    isIncomplete ||= group.lacking.length > 0
    existing = Math.min(existing, spare + lacking.filter(({ state }) => state === 'expected').length)
    onNodesThere = Math.min(onNodesThere, spare - held(away))
    certain = Math.min(certain, spare - held(unsure))
    group = yield* nextGroup(group)
  }
  return { existing, onNodesThere, certain, isIncomplete, isEmpty }
}

interface Group {
  readonly spare: number
  readonly lacking: Uint8Array
}

/** In two steps: for `(spare, lacking) > (?, ?)` SQLite reads all of the group that it should pass over. */
function* nextGroup(group: Group | undefined): Steps<Group | undefined> {
  const [alike] = group === undefined ? [] : yield* query(NEXT_OF_SPARE, group.spare, group.lacking)
  const [row] = alike === undefined ? yield* query(NEXT_SPARE, group?.spare ?? BELOW_ALL) : [alike]
  return row && { spare: numberIn(row, 'spare'), lacking: bytesIn(row, 'lacking') }
}
