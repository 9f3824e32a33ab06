/** PUTs of small files one after the other, their 99th percentile in times of one `fsync` on the same file system. */
import { join } from 'node:path'
import { fsyncTimeMs } from '../bounds/fsync-time.ts'
import { FILES, Holdfast } from '../holdfast.ts'
import { interleaved } from '../measure.ts'
import { KiB, type Row } from '../row.ts'

export const putLone: Row = {
  name: 'put-lone',
  async measure({ directory, load, isQuick, runs }) {
    const requests = isQuick ? 50 : 1000
    await using holdfast = await Holdfast.start(join(directory, 'data'))
    const p50s: number[] = []
    let seed = 1
    const put = async (): Promise<number> => {
      const job = { kind: 'many', method: 'PUT', connections: 1, bodyBytes: 4 * KiB, requests } as const
      const path = `${FILES}lone/${seed}/`
      const { p50Ms, p99Ms } = await load.run({ ...job, ...holdfast.target, path, seed: seed++ })
      p50s.push(p50Ms)
      return p99Ms
    }
    const synced = async (): Promise<number> => fsyncTimeMs(join(directory, 'synced'), requests)
    await put()
    p50s.length = 0
    const measured = await interleaved(runs, put, synced)
    const bound = 'the median fsync of an append'
    return [
      {
        what: 'lone PUT 4 KiB, p99',
        unit: 'ms',
        ...measured,
        bound,
        demand: { of: 'ratio', better: 'less', limit: 10, aim: 5 },
      },
      { what: 'lone PUT 4 KiB, p50', unit: 'ms', figures: p50s, bounds: measured.bounds, bound },
    ]
  },
}
