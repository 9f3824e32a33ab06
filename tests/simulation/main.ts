/**
 * `npm run simulate -- --seed N [--seeds COUNT] [--steps N] [--verbose]`: runs the simulator, prints a line per run, and at the
 * end how often each fault occurred. Where a run fails, the command that replays it is printed, with the end of what happened.
 */
import { parseArgs } from 'node:util'
import { runSeeds } from './run-seeds.ts'
import type { SeedResult } from './seed-worker.ts'
import { STEPS_DEFAULT, simulate } from './simulate.ts'
import { ComputeMemory } from './simulated-compute.ts'
import { count } from './trace.ts'
import { told } from './violation.ts'

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    seeds: { type: 'string', default: '1' },
    steps: { type: 'string', default: String(STEPS_DEFAULT) },
    verbose: { type: 'boolean', default: false },
  },
})
const [first, seeds, steps] = [values.seed, values.seeds, values.steps].map((text): number => {
  if (!/^\d+$/.test(text)) {
    process.stderr.write(`${text} is not a number; a run is --seed N [--seeds COUNT] [--steps N] [--verbose]\n`)
    process.exit(2)
  }
  return Number(text)
})

const faults = new Map<string, number>()
const answers = new Map<string, number>()
let failed = 0

function print({ seed, hash, virtualMs, failure, tail, ...result }: SeedResult): void {
  for (const [kind, times] of result.faults) count(faults, kind, times)
  for (const [kind, times] of result.answers) count(answers, kind, times)
  const lived = `${(virtualMs / 1000).toFixed(1)} s, trace ${hash.slice(0, 16)}`
  if (failure === undefined) {
    console.log(`seed ${seed} holds: ${lived}`)
    return
  }
  failed++
  for (const line of tail) console.log(line)
  console.log(`seed ${seed} FAILS: ${failure} (${lived})`)
  console.log(`  replay it: npm run simulate -- --seed ${seed} --steps ${steps} --verbose`)
}

function printCounts(title: string, counts: ReadonlyMap<string, number>): void {
  console.log(`\n${title}`)
  for (const [kind, times] of [...counts].sort()) console.log(`  ${String(times).padStart(9)}  ${kind}`)
}

if (first === undefined || seeds === undefined || steps === undefined) throw new Error('three numbers were given')
const beganMs = performance.now()
if (values.verbose) {
  const memory = await ComputeMemory.open()
  for (let seed = first; seed < first + seeds; seed++) {
    const result = await simulate({ seed, steps, memory, onLine: console.log })
    print({ ...result, tail: [], failure: result.failure === undefined ? undefined : told(result.failure) })
    if (result.failure !== undefined) console.log(result.failure)
  }
} else await runSeeds({ first, count: seeds, steps }, print)

printCounts('How often each fault occurred:', faults)
printCounts('How requests were answered:', answers)
console.log(`\n${seeds} runs in ${((performance.now() - beganMs) / 1000).toFixed(1)} s, ${failed} failed`)
process.exitCode = failed > 0 ? 1 : 0
