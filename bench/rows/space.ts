/**
 * What small files cost in space. Segments count up to the end of their last record, not to the end of the zeros that are written ahead;
 * the catalog counts after the checkpoint of a clean stop, with everything that is in it. One run: the count comes out alike.
 */
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { FILES, Holdfast } from '../holdfast.ts'
import { KiB, type Row } from '../row.ts'

const BYTES = 4 * KiB
const AT_ONCE = 64
const DRIVES = 5
/** 3+2: without headers, padding and names. */
const CODE_OVERHEAD = 5 / 3

export const space: Row = {
  name: 'space',
  async measure({ directory, load, isQuick }) {
    const files = isQuick ? 2000 : 100_000
    const data = join(directory, 'data')
    const catalog = join(data, 'catalog', 'catalog.sqlite')
    await using holdfast = await Holdfast.start(data)
    const job = {
      kind: 'many',
      method: 'PUT',
      connections: AT_ONCE,
      bodyBytes: BYTES,
      seed: 1,
      requests: files,
    } as const
    await load.run({ ...job, ...holdfast.target, path: `${FILES}small/` })
    await holdfast[Symbol.asyncDispose]()
    const catalogBytes = (await stat(catalog)).size
    const outboxBytes = bytesOf(catalog, `SELECT sum(pgsize) AS bytes FROM dbstat WHERE name LIKE '%outbox%'`)
    const segmentBytes = Array.from({ length: DRIVES }, (_, i) =>
      bytesOf(join(data, 'nodes', String(i + 1), 'index.sqlite'), 'SELECT sum("end") AS bytes FROM segments'),
    ).reduce((sum, bytes) => sum + bytes, 0)
    const content = files * BYTES
    return [
      {
        what: `segment bytes per byte, ${files.toLocaleString('en')} files`,
        unit: '',
        figures: [segmentBytes / content],
        bounds: [CODE_OVERHEAD],
        bound: 'the code alone',
        demand: { of: 'figure', better: 'less', limit: 1.8, aim: 1.7 },
      },
      {
        what: 'catalog bytes per file',
        unit: 'B',
        figures: [catalogBytes / files],
        bounds: [],
        bound: '',
        demand: { of: 'figure', better: 'less', limit: 1500, aim: 1000 },
        note: `${Math.round(outboxBytes / files)} of them in the outbox`,
      },
    ]
  },
}

function bytesOf(path: string, sql: string): number {
  const database = new DatabaseSync(path, { readOnly: true })
  try {
    return Number(database.prepare(sql).get()?.['bytes'])
  } finally {
    database.close()
  }
}
