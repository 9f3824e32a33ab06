/**
 * PUTs of small files, many at once, each on the disk when it is answered, against a bare server that appends the bodies to one file under
 * grouped `fdatasync`: what the disk and the runtime give at best to whoever answers only for durable bytes.
 */
import { join } from 'node:path'
import { startBare } from '../bounds/bare.ts'
import { FILES, Holdfast } from '../holdfast.ts'
import type { Target } from '../load/jobs.ts'
import { interleaved } from '../measure.ts'
import { KiB, type Row } from '../row.ts'

const BYTES = 4 * KiB
const AT_ONCE = 64

export const putSmall: Row = {
  name: 'put-small',
  async measure({ directory, load, isQuick, runs }) {
    await using holdfast = await Holdfast.start(join(directory, 'data'))
    using bare = await startBare('append', join(directory, 'appended'))
    const p99s: number[] = []
    let seed = 1
    const rate = async (target: Target, isOurs: boolean): Promise<number> => {
      const job = { kind: 'many', method: 'PUT', connections: AT_ONCE, bodyBytes: BYTES, ...target } as const
      const path = `${FILES}small/${seed}/`
      const { requests, seconds, p99Ms } = await load.run({ ...job, path, seed: seed++, seconds: isQuick ? 0.5 : 5 })
      if (isOurs) p99s.push(p99Ms)
      return requests / seconds
    }
    const ours = (): Promise<number> => rate(holdfast.target, true)
    const theirs = (): Promise<number> => rate(bare.target, false)
    await ours()
    await theirs()
    p99s.length = 0
    const measured = await interleaved(runs, ours, theirs)
    return [
      {
        what: 'PUT 4 KiB, 64 at once',
        unit: '/s',
        ...measured,
        bound: 'a bare server appending under grouped fdatasync',
        demand: { of: 'ratio', better: 'more', limit: 0.25, aim: 0.45 },
      },
      { what: 'PUT 4 KiB, 64 at once, p99', unit: 'ms', figures: p99s, bounds: [], bound: '' },
    ]
  },
}
