/**
 * Lists of 1,000 names from a catalog of ten million: the files of one folder, and with a delimiter the folders themselves. Over HTTP,
 * and beside that the catalog's own work, the same transaction on a connection of the bench's.
 */
import { join } from 'node:path'
import { asId } from '@holdfast/core/wire/ids.ts'
import { SqliteEngine } from '../../packages/server/catalog/sqlite-engine.ts'
import { type ListFilesArgs, listFiles } from '../../packages/server/catalog/transactions/list-files.ts'
import { FOLDERS, filledCatalog } from '../filled-catalog.ts'
import { Holdfast } from '../holdfast.ts'
import { interleaved, median } from '../measure.ts'
import type { Context, Line, Row } from '../row.ts'

const NAMES = 1000

export const list: Row = {
  name: 'list',
  async measure(context) {
    const { directory, files } = await filledCatalog(context)
    const names = Math.min(NAMES, files / FOLDERS)
    await using holdfast = await Holdfast.start(directory)
    using engine = SqliteEngine.open(join(directory, 'catalog', 'catalog.sqlite'), { readOnly: true })
    const bucketId = engine.query(`SELECT lower(hex(bucket_id)) AS id FROM buckets WHERE name = 'default'`)[0]?.['id']
    const bucket = asId(String(bucketId))
    const folders = Array.from({ length: FOLDERS }, (_, i) => `folder-${String((i * 617) % FOLDERS).padStart(4, '0')}/`)
    const args = { bucket, limit: NAMES }
    const listed = { context, holdfast, engine }
    return [
      await line(listed, {
        what: `list ${names} of ${files.toLocaleString('en')} names`,
        items: names,
        queries: folders.map((prefix) => `prefix=${prefix}`),
        args: folders.map((prefix) => ({ ...args, prefix })),
      }),
      await line(listed, {
        what: `list ${FOLDERS} prefixes of ${files / FOLDERS} names`,
        items: FOLDERS,
        queries: ['delimiter=/'],
        args: [{ ...args, prefix: '', delimiter: '/' }],
      }),
    ]
  },
}

interface Listed {
  readonly context: Context
  readonly holdfast: Holdfast
  readonly engine: SqliteEngine
}

interface Lists {
  readonly what: string
  /** In each of them. */
  readonly items: number
  /** The same lists for the door and for the catalog. */
  readonly queries: readonly string[]
  readonly args: readonly ListFilesArgs[]
}

async function line({ context, holdfast, engine }: Listed, { what, items, queries, args }: Lists): Promise<Line> {
  const { isQuick, runs, load } = context
  const requests = isQuick ? 10 : 100
  const paths = queries.map((query) => `/api/v1/files?bucket=default&limit=${NAMES}&${query}`)
  const page = await (await holdfast.ask(paths[0] ?? '')).json()
  assertItems((page as { items: unknown[] }).items, items)

  const http = async (): Promise<number> => {
    const job = { kind: 'many', method: 'GET', connections: 1, bodyBytes: 0, path: '', seed: 0 } as const
    return (await load.run({ ...job, ...holdfast.target, paths, requests })).p50Ms
  }
  const alone = async (): Promise<number> => {
    const timesMs: number[] = []
    for (let i = 0; i < requests; i++) {
      const each = args[i % args.length]
      if (each === undefined) break
      const begun = performance.now()
      const page = engine.read(listFiles.run(each))
      timesMs.push(performance.now() - begun)
      assertItems(page.items, items)
    }
    return median(timesMs)
  }
  await http()
  await alone()
  return {
    what,
    unit: 'ms',
    ...(await interleaved(runs, http, alone)),
    bound: 'the transaction alone',
    demand: { of: 'figure', better: 'less', limit: 10, aim: 5 },
  }
}

function assertItems(came: readonly unknown[], expected: number): void {
  if (came.length !== expected) throw new Error(`${came.length} items came, and ${expected} are there`)
}
