/** Real processes and kill -9. It shows that an answer follows its commit; whether the disk has it, only a power cut can show. */
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { increment, makeTables } from './catalog-contract-transactions.ts'
import { sqliteDialect } from './dialect.ts'
import { SqliteCatalog } from './sqlite-catalog.ts'
import { optionsFor, temporaryDirectory } from './sqlite-catalog-fixture.ts'
import { SqliteEngine } from './sqlite-engine.ts'
import { SqliteLock } from './sqlite-lock.ts'

const CHILD = fileURLToPath(new URL('./sqlite-catalog-child.test-support.ts', import.meta.url))
const ROUNDS = 10

interface Child {
  readonly process: ChildProcess
  readonly lines: () => string[]
}

describe('SQLite catalog, killed', () => {
  it('has every number that it acknowledged', async () => {
    assert.deepEqual(await missingAfterKills('write', ROUNDS), [])
  })

  it('lacks some when it acknowledges before the commit (control)', async () => {
    assert((await missingAfterKills('write-early', 3)).length > 0)
  })
})

describe('SQLite catalog, two processes', () => {
  it('refuses the second, which touches nothing, until the first is gone', async () => {
    const directory = temporaryDirectory()
    const child = await startChild(directory, 'hold', 0)
    const before = readFileSync(join(directory, 'catalog.sqlite-wal'))
    await assert.rejects(SqliteCatalog.open(optionsFor(directory)), { code: 'catalog_locked' })
    assert.deepEqual(readFileSync(join(directory, 'catalog.sqlite-wal')), before)
    await kill(child)
    await using catalog = await SqliteCatalog.open(optionsFor(directory))
    assert.equal(await catalog.write(increment, { name: 'a', by: 1 }), 1)
  })

  it('refuses a second one in the same process too', async () => {
    const directory = temporaryDirectory()
    await using _catalog = await SqliteCatalog.open(optionsFor(directory))
    await assert.rejects(SqliteCatalog.open(optionsFor(directory)), { code: 'catalog_locked' })
  })

  it('would let two write where each takes a lock of its own (control)', async () => {
    const directory = temporaryDirectory()
    await using catalog = await SqliteCatalog.open(optionsFor(directory))
    await catalog.write(makeTables, sqliteDialect)
    using _otherLock = SqliteLock.take(join(directory, 'other.sqlite'))
    using engine = SqliteEngine.open(join(directory, 'catalog.sqlite'))
    engine.run(increment.run({ name: 'a', by: 1 }))
    assert.equal(await catalog.write(increment, { name: 'a', by: 1 }), 2)
  })
})

describe('SQLite catalog, on a disk that fails', () => {
  it('calls fatal, and answers nobody, when a COMMIT fails', async () => {
    const directory = temporaryDirectory()
    // A file may not grow beyond this: the write fails with EFBIG, which to SQLite is a disk error.
    const child = await startChild(directory, 'write', 0, 'ulimit -f 4000; exec "$@"')
    const [code] = await once(child.process, 'exit')
    assert.equal(code, 70)
    assert.equal(child.lines().at(-1), 'fatal')
    assert.deepEqual(missingOf(directory, numbersOf(child)), [])
  })
})

async function missingAfterKills(deed: 'write' | 'write-early', rounds: number): Promise<number[]> {
  const directory = temporaryDirectory()
  const acknowledged: number[] = []
  for (let round = 0; round < rounds; round++) {
    const child = await startChild(directory, deed, round * 1_000_000)
    await delay(20 + Math.random() * 150)
    await kill(child)
    acknowledged.push(...numbersOf(child))
  }
  assert(acknowledged.length > rounds * 10)
  return missingOf(directory, acknowledged)
}

function missingOf(directory: string, acknowledged: readonly number[]): number[] {
  using engine = SqliteEngine.open(join(directory, 'catalog.sqlite'))
  assert.deepEqual({ ...engine.query('PRAGMA integrity_check')[0] }, { integrity_check: 'ok' })
  const there = new Set(engine.query('SELECT whole FROM things').map(({ whole }) => whole))
  return acknowledged.filter((number) => !there.has(number))
}

function numbersOf(child: Child): number[] {
  return child
    .lines()
    .filter((line) => /^\d+$/.test(line))
    .map(Number)
}

async function startChild(directory: string, deed: string, from: number, shell = 'exec "$@"'): Promise<Child> {
  const command = [process.execPath, CHILD, directory, deed, String(from)]
  const child = spawn('sh', ['-c', shell, 'sh', ...command], { stdio: ['ignore', 'pipe', 'inherit'] })
  let output = ''
  child.stdout.setEncoding('utf8')
  const isReady = new Promise<void>((resolve, reject) => {
    child.stdout.on('data', (text: string) => {
      output += text
      if (output.includes('ready\n')) resolve()
    })
    child.once('exit', (code) => reject(new Error(`the child ended with ${code} before it was ready`)))
  })
  await isReady
  // What follows the last line's end may be half a number.
  return { process: child, lines: () => output.split('\n').slice(0, -1) }
}

async function kill({ process: child }: Child): Promise<void> {
  const ended = once(child, 'close')
  child.kill('SIGKILL')
  await ended
}
