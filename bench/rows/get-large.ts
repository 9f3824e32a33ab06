/** GET of a large file, verified and decrypted, against nginx serving the same bytes as a plain file; both read from the page cache. */
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { startNginx } from '../bounds/nginx.ts'
import { FILES, Holdfast } from '../holdfast.ts'
import { writeContent } from '../load/content.ts'
import { interleaved } from '../measure.ts'
import { GiB, MiB, type Row } from '../row.ts'

const SEED = 1

export const getLarge: Row = {
  name: 'get-large',
  async measure({ directory, load, isQuick, runs }) {
    const bytes = isQuick ? 64 * MiB : GiB
    const files = join(directory, 'files')
    await mkdir(files)
    await writeContent(join(files, 'large'), SEED, bytes)
    await using holdfast = await Holdfast.start(join(directory, 'data'))
    await load.run({ kind: 'put', ...holdfast.target, path: `${FILES}large`, bytes, seed: SEED })
    await using nginx = await startNginx(join(directory, 'nginx'), files)

    const ours = { kind: 'get', ...holdfast.target, path: `${FILES}large`, bytes } as const
    const theirs = { kind: 'get', ...nginx.target, path: '/large', bytes } as const
    for (const job of [ours, theirs]) await load.run({ ...job, compareWith: SEED })
    await load.run(ours)
    const speed = async (job: typeof ours | typeof theirs): Promise<number> => {
      return bytes / 1e6 / (await load.run(job)).seconds
    }
    return [
      {
        what: `GET ${bytes / MiB} MiB`,
        unit: 'MB/s',
        ...(await interleaved(
          runs,
          () => speed(ours),
          () => speed(theirs),
        )),
        bound: 'nginx',
        demand: { of: 'ratio', better: 'more', limit: 0.45, aim: 0.6 },
      },
    ]
  },
}
