/**
 * `npm run bench -- [NAME…] [--quick] [--json FILE] [--dir DIR] [--keep]` measures Holdfast beside what the machine could do at
 * best, and prints a table. Each row starts its own server and ends it; nothing else should run meanwhile.
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { availableParallelism, tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { Load } from './load/load.ts'
import type { Row } from './row.ts'
import { getDegraded } from './rows/get-degraded.ts'
import { getLarge } from './rows/get-large.ts'
import { getSmall } from './rows/get-small.ts'
import { indexMemory } from './rows/index-memory.ts'
import { list } from './rows/list.ts'
import { memory } from './rows/memory.ts'
import { putLarge } from './rows/put-large.ts'
import { putLone } from './rows/put-lone.ts'
import { putSmall } from './rows/put-small.ts'
import { space } from './rows/space.ts'
import { start } from './rows/start.ts'
import { strategies } from './rows/strategies.ts'
import { json, type NamedLine, sentence, table } from './table.ts'

const ROWS: readonly Row[] = [
  ...[putLarge, getLarge, getDegraded, putSmall, getSmall, putLone],
  ...[list, start, memory, indexMemory, space, strategies],
]
const RUNS = 5
const QUICK_RUNS = 3
const EXIT_USAGE = 2
const EXIT_SIGNAL = 130

interface Arguments {
  readonly rows: readonly Row[]
  readonly isQuick: boolean
  readonly jsonFile: string | undefined
  readonly directory: string
  readonly keep: boolean
}

function parse(): Arguments {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      quick: { type: 'boolean', default: false },
      json: { type: 'string' },
      dir: { type: 'string', default: join(tmpdir(), 'holdfast-bench') },
      keep: { type: 'boolean', default: false },
    },
  })
  const unknown = positionals.filter((name) => ROWS.every((row) => row.name !== name))
  if (unknown.length > 0) {
    throw new Error(`no row is called ${unknown.join(', ')}; there are ${ROWS.map(({ name }) => name).join(', ')}`)
  }
  return {
    rows: positionals.length === 0 ? ROWS : ROWS.filter(({ name }) => positionals.includes(name)),
    isQuick: values.quick,
    jsonFile: values.json,
    directory: resolve(values.dir),
    keep: values.keep,
  }
}

function parseOrExit(): Arguments {
  try {
    return parse()
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : error}\n`)
    process.exit(EXIT_USAGE)
  }
}

const { rows, isQuick, jsonFile, directory, keep } = parseOrExit()
const say = (what: string): void => void process.stderr.write(`… ${what}\n`)
const runs = isQuick ? QUICK_RUNS : RUNS
const lines: NamedLine[] = []
const failed: string[] = []
// An exit takes the servers with it; a signal's default would leave them.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(EXIT_SIGNAL))
// A full catalog takes minutes to fill and stays for the next run; a quick one goes with the rest.
const shared = join(directory, isQuick ? 'shared-quick' : 'shared')
await mkdir(shared, { recursive: true })
for (const row of rows) {
  const own = await mkdtemp(join(directory, `${row.name}-`))
  say(row.name)
  try {
    using load = new Load()
    const context = { directory: own, shared, isQuick, runs, load, say }
    for (const line of await row.measure(context)) {
      const named = { row: row.name, ...line }
      lines.push(named)
      console.log(sentence(named))
    }
  } catch (error) {
    // The other rows can still be measured; the failure is part of the result.
    failed.push(row.name)
    console.log(`${row.name}: failed: ${error instanceof Error ? error.stack : error}`)
  } finally {
    if (!keep) await rm(own, { recursive: true, force: true })
  }
}
if (isQuick && !keep) await rm(shared, { recursive: true, force: true })
console.log(`\n${table(lines)}`)
if (isQuick) console.log('\nThese were quick runs: they try the bench out, and their figures mean nothing.')
if (failed.length > 0) console.log(`\nFailed: ${failed.join(', ')}`)
if (jsonFile !== undefined) {
  const facts = { isQuick, runs, cores: availableParallelism(), node: process.version, failed }
  await writeFile(jsonFile, json(lines, facts))
}
process.exitCode = failed.length > 0 ? 1 : 0
