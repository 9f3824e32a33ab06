/**
 * PUT of a large file that does not compress, against `cp` over an existing file and `sync` of it: both move the same bytes from memory
 * to the disk and return when they are there. Holdfast also receives, names, encrypts, adds parity, and writes 5/3 of them.
 */
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { FILES, Holdfast } from '../holdfast.ts'
import { writeContent } from '../load/content.ts'
import { interleaved } from '../measure.ts'
import { GiB, MiB, type Row } from '../row.ts'

const run = promisify(execFile)

export const putLarge: Row = {
  name: 'put-large',
  async measure({ directory, load, isQuick, runs }) {
    const bytes = isQuick ? 64 * MiB : GiB
    const [source, copy] = [join(directory, 'source'), join(directory, 'copy')]
    await writeContent(source, 0, bytes)
    const copied = async (): Promise<number> => {
      const begun = performance.now()
      await run('cp', [source, copy])
      await run('sync', [copy])
      return bytes / 1e3 / (performance.now() - begun)
    }
    await using holdfast = await Holdfast.start(join(directory, 'data'))
    let seed = 1
    const put = async (): Promise<number> => {
      const path = `${FILES}large/${seed}`
      const { seconds } = await load.run({ kind: 'put', ...holdfast.target, path, bytes, seed: seed++ })
      return bytes / 1e6 / seconds
    }
    // Once each before it counts: the file to copy over must exist, and the server's code be compiled.
    await copied()
    await put()
    return [
      {
        what: `PUT ${bytes / MiB} MiB`,
        unit: 'MB/s',
        ...(await interleaved(runs, put, copied)),
        bound: '`cp` over a file and `sync`',
        demand: { of: 'ratio', better: 'more', limit: 0.28, aim: 0.4 },
      },
    ]
  },
}
