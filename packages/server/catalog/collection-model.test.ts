/**
 * A thousand random interleavings of uploads, readers, names, sessions, crashes, damage and collection lose nothing that a
 * version refers to and leave nothing that none refers to; and each rule that this rests on is switched off once, which some
 * interleaving must show.
 */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { seededFloats } from '../../../tests/seeded-floats.ts'
import { assertHolds, assertNoLeak, assertRecounts } from './collection-invariants.test-support.ts'
import { World } from './collection-world.test-support.ts'
import { type Asked, type Interceptor, TestCatalog } from './test-catalog.test-support.ts'
import type { Row } from './transaction.ts'

const SEEDS = 1000
const STEPS = 120

/** Switches a rule off: answers one transaction's statement otherwise, or leaves it to the next by answering nothing. */
type Mutation = (asked: Asked, world: World) => Row[] | undefined

interface Experiment {
  readonly mutations?: readonly Mutation[]
  readonly seeds?: number
  readonly readers?: boolean
  readonly refusals?: boolean
  readonly counts?: boolean
  readonly marks?: boolean
  readonly leaks?: boolean
}

const TABLES = ['files', 'deleted_files', 'versions', 'pages', 'page_entries', 'page_refs', 'chunks', 'chunk_refs']
const MORE_TABLES = ['stripes', 'sessions', 'node_orders', 'outbox']

function run(catalog: TestCatalog, seed: number, experiment: Experiment): void {
  const { mutations = [], readers = true, refusals = true, counts = true, marks = true, leaks = true } = experiment
  catalog.intercept = plainly
  for (const table of [...TABLES, ...MORE_TABLES]) catalog.engine.query(`DELETE FROM ${table}`)
  const world = new World(catalog, seededFloats(seed), { readers, refusals })
  catalog.intercept = (asked) => {
    for (const mutation of mutations) {
      const rows = mutation(asked, world)
      if (rows !== undefined) return rows
    }
    return plainly(asked)
  }
  for (let step = 0; step < STEPS; step++) {
    world.step()
    assertHolds(world, { counts, marks })
  }
  world.settle()
  assertHolds(world, { counts, marks })
  if (counts) assertRecounts(world)
  if (leaks) assertNoLeak(world)
}

const plainly: Interceptor = ({ statement, ask }) => ask(statement)

/** The first seed that fails, and how. */
function firstFailure(experiment: Experiment): { seed: number; message: string } | undefined {
  using catalog = new TestCatalog()
  for (let seed = 0; seed < (experiment.seeds ?? SEEDS); seed++) {
    try {
      run(catalog, seed, experiment)
    } catch (error) {
      assert(error instanceof Error)
      return { seed, message: error.message }
    }
  }
  return undefined
}

/** Changes a statement's text; one that does not change has been renamed, and the rule is not switched off at all. */
function rewrite(transaction: string, from: RegExp | string, to: string): Mutation {
  return ({ transaction: name, statement, ask }) => {
    const sql = statement.sql.replace(from, to)
    return (transaction === '*' || name === transaction) && sql !== statement.sql
      ? ask({ ...statement, sql })
      : undefined
  }
}

/** Changes what a statement answered. */
function answer(
  transaction: string,
  part: string,
  change: (rows: Row[], asked: Asked, world: World) => Row[],
): Mutation {
  return (asked, world) => {
    if (asked.transaction !== transaction || !asked.statement.sql.includes(part)) return undefined
    return change(asked.ask(asked.statement), asked, world)
  }
}

const hexOf = (value: unknown) => Buffer.from(value as Uint8Array).toString('hex')

const noClearing = rewrite('*', 'refs = refs + 1, condemned = NULL', 'refs = refs + 1')
const noCountOnRestore = rewrite('restoreVersion', 'refs = refs + 1', 'refs = refs + 0')
const noCountOnCommit = rewrite('commitVersion', 'refs = refs + 1', 'refs = refs + 0')
const SLOTS_PROOF = 'AND holder_id IS NULL'
const ROWS_PROOF = /AND NOT EXISTS \(SELECT 1 FROM chunk_refs[^)]*\)/
const PROOF = /AND refs = 0 AND holder_id IS NULL\s+AND NOT EXISTS \(SELECT 1 FROM chunk_refs[^)]*\)/

const rules: Record<string, Mutation[]> = {
  'a stripe commit requires its session to be alive': [
    ({ transaction, statement, ask }, world) => {
      if (transaction !== 'commitStripe' || !statement.sql.includes('FROM sessions')) return undefined
      void ask
      return [{ sequence: world.sequenceOf(hexOf(statement.args[0])) }]
    },
  ],
  'a version commit requires its sessions to be alive': [
    answer('commitVersion', 'AS alive', (rows, { statement }) => {
      const sessions = statement.args.length - 2
      return rows.map((row) => ({ ...row, alive: sessions }))
    }),
  ],
  'a lookup treats a condemned chunk as absent': [rewrite('findChunks', 'c.condemned IS NULL AND', '')],
  'a stripe commit treats a condemned chunk as absent': [
    answer('commitStripe', 'JOIN stripes', (rows) => rows.map((row) => ({ ...row, condemned: null }))),
  ],
  'a version commit reads reused chunks again and clears their marks': [noClearing],
  'a lookup asks for W good shards': [
    answer('findChunks', 'FROM chunks', (rows) => rows.map((row) => ({ ...row, spare: 2 }))),
  ],
  'a stripe commit replaces a place with fewer than W good shards': [
    answer('commitStripe', 'JOIN stripes', (rows) => rows.map((row) => ({ ...row, spare: 2 }))),
  ],
  'deleting waits until every session opened before the mark has ended': [
    answer('reap', 'min(sequence)', () => [{ oldest: null }]),
  ],
  'who finds the slot taken has a row': [
    ({ transaction, statement }) =>
      transaction === 'commitVersion' && statement.sql.startsWith('INSERT INTO chunk_refs') ? [] : undefined,
  ],
  'a slot that is taken stays as it is': [rewrite('*', 'holder_id = COALESCE(holder_id, ?)', 'holder_id = ?')],
  'a release empties the slot': [({ statement }) => (statement.sql.includes('holder_id = NULL') ? [] : undefined)],
  'the first writer of a chunk wins': [
    rewrite(
      'commitStripe',
      'DO NOTHING',
      'DO UPDATE SET stripe_id = excluded.stripe_id, place = excluded.place, nonce = excluded.nonce',
    ),
  ],
  'a stripe commit counts live chunks down where it takes one over': [
    rewrite('commitStripe', 'live_chunks = live_chunks - 1', 'live_chunks = live_chunks'),
  ],
}

describe('collection', () => {
  it(`loses nothing and leaves nothing in ${SEEDS} random interleavings`, () => {
    assert.equal(firstFailure({}), undefined)
  })

  for (const [rule, mutations] of Object.entries(rules)) {
    it(`rests on this: ${rule}`, (test) => {
      const failure = firstFailure({ mutations })
      assert.notEqual(failure, undefined, 'no interleaving showed that the rule is switched off')
      test.diagnostic(`seed ${failure?.seed}: ${failure?.message}`)
    })
  }

  // These are second lines of defence: each is shown to hold where the first was broken, and to be needed there.
  for (const [rule, broken, mutations] of [
    [
      'deleting proves once more that nothing refers to a chunk, should its mark be wrong',
      { mutations: [noClearing], marks: false, leaks: false, readers: false },
      [rewrite('reap', 'WHERE refs = 0 AND', 'WHERE'), rewrite('reap', PROOF, '')],
    ],
    [
      'rows are the proof, should a count be wrong',
      { mutations: [noCountOnRestore], counts: false, marks: false, leaks: false },
      [rewrite('*', ROWS_PROOF, '')],
    ],
    [
      'slots are the proof beside them',
      { mutations: [noCountOnCommit], counts: false, marks: false, leaks: false },
      [rewrite('*', SLOTS_PROOF, '')],
    ],
  ] as const) {
    it(`rests on this: ${rule}`, (test) => {
      assert.equal(firstFailure({ ...broken, seeds: SEEDS / 5 }), undefined)
      const failure = firstFailure({ ...broken, mutations: [...broken.mutations, ...mutations] })
      assert.notEqual(failure, undefined, 'no interleaving showed that the rule is switched off')
      test.diagnostic(`seed ${failure?.seed}: ${failure?.message}`)
    })
  }
})
