/**
 * From the command to the ready line after a `kill -9` in the middle of writing, with ten million files in the catalog, against the
 * first start of an empty directory. The files are rows of the catalog; the drives hold what was written here.
 */
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { filledCatalog } from '../filled-catalog.ts'
import { Holdfast } from '../holdfast.ts'
import { interleaved } from '../measure.ts'
import { KiB, type Row } from '../row.ts'

const BUCKET = 'written'
const AT_ONCE = 64

export const start: Row = {
  name: 'start',
  async measure(context) {
    const { directory: own, load, isQuick, runs } = context
    const { directory, files } = await filledCatalog(context)
    await using first = await Holdfast.start(directory)
    await first.ask(`/api/v1/buckets/${BUCKET}`, { method: 'PUT', body: '{}' })
    await first[Symbol.asyncDispose]()

    /** Written to until it is killed, so that the log is long and the segments are torn. */
    const killed = async (seed: number): Promise<void> => {
      await using holdfast = await Holdfast.start(directory)
      const path = `/api/v1/buckets/${BUCKET}/files/${seed}/`
      const job = { kind: 'many', method: 'PUT', connections: AT_ONCE, bodyBytes: 4 * KiB, path, seed } as const
      const writing = load.run({ ...job, ...holdfast.target }).then(
        () => Promise.reject(new Error('the writers outlived their server')),
        () => {},
      )
      await wait(isQuick ? 500 : 5000)
      await holdfast.kill()
      await writing
    }
    const afterKill = async (run: number): Promise<number> => {
      await killed(Date.now() + run)
      return await seconds(directory)
    }
    const empty = async (run: number): Promise<number> => {
      const directory = join(own, `empty-${run}`)
      await mkdir(directory)
      return await seconds(directory)
    }
    return [
      {
        what: `start after kill -9, ${files.toLocaleString('en')} files`,
        unit: 's',
        ...(await interleaved(runs, afterKill, empty)),
        bound: 'the first start of an empty directory',
        demand: { of: 'figure', better: 'less', limit: 5, aim: 2 },
      },
    ]
  },
}

async function seconds(directory: string): Promise<number> {
  const begun = performance.now()
  await using holdfast = await Holdfast.start(directory)
  const ms = performance.now() - begun
  await holdfast.ask('/health')
  return ms / 1000
}
