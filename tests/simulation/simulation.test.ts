/**
 * The whole cluster in one process, from many seeds; and each protection switched off in turn, which must be noticed. More seeds:
 * `npm run simulate -- --seed 1 --seeds 5000`.
 */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { controls } from './controls.ts'
import { runSeeds } from './run-seeds.ts'
import type { SeedResult } from './seed-worker.ts'
import { STEPS_DEFAULT, simulate } from './simulate.ts'
import { ComputeMemory } from './simulated-compute.ts'
import { count } from './trace.ts'

const SEEDS = 300
const CONTROL_SEEDS_MAX = 60
/** A run of these seeds meets each fault at least so often. */
const FIRED_MIN = 10

const FAULTS = [
  ...['clock jump', 'compaction', 'disk full', 'disk lost', 'drive away', 'flipped answer', 'flipped bit'],
  ...['gateway crash', 'hung reads', 'machine kill', 'machine power', 'node kill', 'node power', 'several nodes'],
  ...['late request', 'lost answer', 'lost request', 'second copy', 'slow message'],
  ...['partition answers', 'partition both', 'partition requests'],
  ...['keptName', 'keptWrite', 'lostName', 'lostWrite', 'tornWrite'],
  ...['noSpace', 'partialWrite', 'readError', 'slow', 'syncError', 'writeError'],
]

describe('the simulator', () => {
  it('runs a seed the same way every time', async () => {
    const memory = await ComputeMemory.open()
    const first = await simulate({ seed: 7, steps: STEPS_DEFAULT, memory })
    const second = await simulate({ seed: 7, steps: STEPS_DEFAULT, memory })
    const other = await simulate({ seed: 8, steps: STEPS_DEFAULT, memory })
    assert.equal(first.hash, second.hash)
    assert.notEqual(first.hash, other.hash)
  })

  it(`keeps every promise through ${SEEDS} seeds, and meets every fault in them`, async () => {
    const faults = new Map<string, number>()
    const failed: string[] = []
    const take = ({ seed, failure, ...result }: SeedResult): void => {
      for (const [kind, times] of result.faults) count(faults, kind, times)
      if (failure !== undefined) failed.push(`npm run simulate -- --seed ${seed} --verbose: ${failure}`)
    }
    await runSeeds({ first: 1, count: SEEDS, steps: STEPS_DEFAULT }, take)
    assert.deepEqual(failed, [])
    for (const fault of FAULTS)
      assert((faults.get(fault) ?? 0) >= FIRED_MIN, `${fault} fired ${faults.get(fault)} times`)
  })

  for (const { name, make } of controls) {
    it(`notices ${name}`, async () => {
      const memory = await ComputeMemory.open()
      for (let seed = 1; seed <= CONTROL_SEEDS_MAX; seed++) {
        const { failure } = await simulate({ seed, steps: STEPS_DEFAULT, memory, sabotage: make() })
        if (failure !== undefined) return
      }
      assert.fail(`no seed of ${CONTROL_SEEDS_MAX} noticed it`)
    })
  }
})
