/** GETs of small files, many at once, each file at random, against a bare server answering as many bytes from memory. */
import { join } from 'node:path'
import { startBare } from '../bounds/bare.ts'
import { FILES, Holdfast } from '../holdfast.ts'
import type { Target } from '../load/jobs.ts'
import { interleaved } from '../measure.ts'
import { KiB, type Row } from '../row.ts'

const BYTES = 4 * KiB
const AT_ONCE = 64

export const getSmall: Row = {
  name: 'get-small',
  async measure({ directory, load, isQuick, runs }) {
    const files = isQuick ? 1000 : 20_000
    await using holdfast = await Holdfast.start(join(directory, 'data'))
    using bare = await startBare('memory', String(BYTES))
    const path = `${FILES}small/`
    const job = { kind: 'many', connections: AT_ONCE, bodyBytes: BYTES, path, seed: 1 } as const
    await load.run({ ...job, ...holdfast.target, method: 'PUT', requests: files })
    const rate = async (target: Target): Promise<number> => {
      const get = { ...job, ...target, method: 'GET', among: files, seconds: isQuick ? 0.5 : 5 } as const
      const { requests, seconds } = await load.run(get)
      return requests / seconds
    }
    const ours = (): Promise<number> => rate(holdfast.target)
    const theirs = (): Promise<number> => rate(bare.target)
    await ours()
    await theirs()
    return [
      {
        what: 'GET 4 KiB, 64 at once',
        unit: '/s',
        ...(await interleaved(runs, ours, theirs)),
        bound: 'a bare server answering from memory',
        demand: { of: 'ratio', better: 'more', limit: 0.2, aim: 0.35 },
      },
    ]
  },
}
