/**
 * The memory that the index of one drive takes with ten million shards in it, beside that of one with a hundredth of them: it does not
 * grow with them. Filled as a server is started, at full speed. One run: a peak has no median.
 */
import { execFile } from 'node:child_process'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { z } from 'zod'
import { serverArguments, serverEnvironment } from '../../scripts/server-command.js'
import { KiB, type Row } from '../row.ts'

const SHARDS = 10_000_000
const QUICK_SHARDS = 500_000
const FEWER = 100

const program = join(import.meta.dirname, '..', 'fill-index.ts')
const flags = serverArguments.filter((each) => each.startsWith('--'))
const env = { ...serverEnvironment, ...process.env }
const said = z.object({ peakKiB: z.number(), lookupUs: z.number() })

export const indexMemory: Row = {
  name: 'index',
  async measure({ directory, isQuick, say }) {
    const filled = async (shards: number) => {
      say(`filling an index with ${shards} shards`)
      const own = join(directory, `${shards}`)
      await mkdir(own)
      const { stdout } = await promisify(execFile)(process.execPath, [...flags, program, own, String(shards)], { env })
      return said.parse(JSON.parse(stdout))
    }
    const shards = isQuick ? QUICK_SHARDS : SHARDS
    const few = await filled(shards / FEWER)
    const { peakKiB, lookupUs } = await filled(shards)
    return [
      {
        what: `resident, an index of ${shards / 1e6} million shards`,
        unit: 'MiB',
        figures: [peakKiB / KiB],
        bounds: [few.peakKiB / KiB],
        bound: 'the same with a hundredth of them',
        demand: { of: 'figure', better: 'less', limit: 400, aim: 300 },
        note: `a shard at random is found in ${lookupUs.toFixed(1)} µs`,
      },
    ]
  },
}
