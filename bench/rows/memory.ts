/**
 * The most memory that is resident while much happens: a file of 10 GiB goes up and comes down, 64 uploads come at once, 64 readers take
 * 1 KB a second. A peak is the kernel's own, since the phase began; the bound is what an idle server takes. One run: a peak has no median.
 */
import { join } from 'node:path'
import { FILES, Holdfast } from '../holdfast.ts'
import { GiB, type Line, MiB, type Row } from '../row.ts'

const AT_ONCE = 64
const SLOW_BYTES_PER_SECOND = 1000

export const memory: Row = {
  name: 'memory',
  async measure({ directory, load, isQuick }) {
    const bytes = isQuick ? 128 * MiB : 10 * GiB
    const eachBytes = isQuick ? 2 * MiB : 64 * MiB
    await using holdfast = await Holdfast.start(join(directory, 'data'))
    const idleMiB = holdfast.residentBytes() / MiB
    const { target } = holdfast
    const path = `${FILES}large`
    const lines: Line[] = []
    const phase = async (what: string, act: () => Promise<unknown>, note?: () => string): Promise<void> => {
      holdfast.forgetPeak()
      await act()
      lines.push({
        what: `resident, ${what}`,
        unit: 'MiB',
        figures: [holdfast.peakResidentBytes() / MiB],
        bounds: [idleMiB],
        bound: 'an idle server',
        demand: { of: 'figure', better: 'less', limit: 400, aim: 300 },
        ...(note === undefined ? {} : { note: note() }),
      })
    }
    const size = bytes >= GiB ? `${bytes / GiB} GiB` : `${bytes / MiB} MiB`
    await phase(`${size} up`, () => load.run({ kind: 'put', ...target, path, bytes, seed: 1 }))
    await phase(`${size} down`, () => load.run({ kind: 'get', ...target, path, bytes, compareWith: 1 }))
    await phase(`${AT_ONCE} uploads of ${eachBytes / MiB} MiB at once`, () =>
      Promise.all(
        Array.from({ length: AT_ONCE }, (_, i) =>
          load.run({ kind: 'put', ...target, path: `${FILES}each/${i}`, bytes: eachBytes, seed: 2 + i }),
        ),
      ),
    )
    const slow = { readers: AT_ONCE, bytesPerSecond: SLOW_BYTES_PER_SECOND, seconds: isQuick ? 4 : 60 }
    let served = 0
    const read = async (): Promise<void> => {
      served = (await load.run({ kind: 'slow-read', ...target, path, ...slow })).requests
    }
    await phase(`${AT_ONCE} readers at 1 KB/s`, read, () => `${served} of them got bytes in ${slow.seconds} s`)
    return lines
  },
}
