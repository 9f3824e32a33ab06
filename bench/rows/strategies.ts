/** The three ways in which a file may travel, by size. The three take turns within a round; nothing is demanded of them. */
import { join } from 'node:path'
import { FILES, Holdfast } from '../holdfast.ts'
import { percentile } from '../load/jobs.ts'
import type { Load } from '../load/load.ts'
import type { Line, Row } from '../row.ts'

const STRATEGIES = ['direct', 'chunked', 'streaming'] as const
const MB = 1_000_000
/** So many of each in a round. */
const SIZES = [
  { bytes: MB, each: 40 },
  { bytes: 50 * MB, each: 4 },
  { bytes: 500 * MB, each: 2 },
]
const QUICK_SIZES = [
  { bytes: MB, each: 4 },
  { bytes: 10 * MB, each: 1 },
]
const HOW = ['PUT', 'GET'] as const

export const strategies: Row = {
  name: 'strategies',
  async measure({ directory, load, isQuick, runs }) {
    await using holdfast = await Holdfast.start(join(directory, 'data'))
    const lines: Line[] = []
    let seed = 1
    for (const { bytes, each } of isQuick ? QUICK_SIZES : SIZES) {
      const seconds = STRATEGIES.map(() => ({ PUT: [] as number[], GET: [] as number[] }))
      for (let round = 0; round < runs; round++) {
        for (const [i, strategy] of STRATEGIES.entries()) {
          for (let file = 0; file < each; file++) {
            const times = await upAndDown(load, holdfast, { strategy, bytes, seed: seed++ })
            for (const how of HOW) seconds[i]?.[how].push(times[how])
          }
        }
      }
      for (const [i, strategy] of STRATEGIES.entries()) {
        for (const how of HOW) lines.push(line(`${how} ${bytes / MB} MB ${strategy}`, bytes, seconds[i]?.[how] ?? []))
      }
    }
    return lines
  },
}

interface Travelling {
  readonly strategy: (typeof STRATEGIES)[number]
  readonly bytes: number
  readonly seed: number
}

async function upAndDown(
  load: Load,
  { target }: Holdfast,
  { strategy, bytes, seed }: Travelling,
): Promise<Record<(typeof HOW)[number], number>> {
  const path = `${FILES}${strategy}/${seed}`
  const headers = `${target.headers}holdfast-strategy: ${strategy}\r\n`
  const up = await load.run({ kind: 'put', port: target.port, headers, path, bytes, seed })
  const down = await load.run({ kind: 'get', ...target, path, bytes })
  return { PUT: up.seconds, GET: down.seconds }
}

function line(what: string, bytes: number, seconds: readonly number[]): Line {
  const sorted = seconds.toSorted((a, b) => a - b)
  const [p50, p99] = [0.5, 0.99].map((part) => (percentile(sorted, part) * 1000).toPrecision(3))
  const figures = seconds.map((each) => bytes / 1e6 / each)
  return {
    what,
    unit: 'MB/s',
    figures,
    bounds: [],
    bound: '',
    note: `p50 ${p50} ms, p99 ${p99} ms of ${seconds.length}`,
  }
}
