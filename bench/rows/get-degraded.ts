/** GET of a large file with two of five drives gone, against the same GET with all five. Which two takes turns. */
import { rename } from 'node:fs/promises'
import { join } from 'node:path'
import { FILES, Holdfast } from '../holdfast.ts'
import { interleaved } from '../measure.ts'
import { GiB, MiB, type Row } from '../row.ts'

const SEED = 1
const DRIVES = 5

export const getDegraded: Row = {
  name: 'get-degraded',
  async measure({ directory, load, isQuick, runs }) {
    const bytes = isQuick ? 64 * MiB : GiB
    const data = join(directory, 'data')
    await using holdfast = await Holdfast.start(data)
    await load.run({ kind: 'put', ...holdfast.target, path: `${FILES}large`, bytes, seed: SEED })
    const job = { kind: 'get', ...holdfast.target, path: `${FILES}large`, bytes } as const
    const healthy = async (): Promise<number> => bytes / 1e6 / (await load.run(job)).seconds

    const withoutTwo = async (run: number, compare: boolean): Promise<number> => {
      const drives = [run % DRIVES, (run + 2) % DRIVES].map((index) => join(data, 'nodes', String(index + 1)))
      for (const drive of drives) await rename(drive, `${drive}-away`)
      try {
        await holdfast.nodesOnline(DRIVES - drives.length)
        return bytes / 1e6 / (await load.run(compare ? { ...job, compareWith: SEED } : job)).seconds
      } finally {
        for (const drive of drives) await rename(`${drive}-away`, drive)
        await holdfast.nodesOnline(DRIVES)
      }
    }
    await healthy()
    await withoutTwo(0, true)
    return [
      {
        what: `GET ${bytes / MiB} MiB, two drives gone`,
        unit: 'MB/s',
        ...(await interleaved(runs, (run) => withoutTwo(run, false), healthy)),
        bound: 'all five drives',
        demand: { of: 'ratio', better: 'more', limit: 0.6, aim: 0.8 },
      },
    ]
  },
}
