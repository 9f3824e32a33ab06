import assert from 'node:assert/strict'
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { HoldfastError } from '@holdfast/core/wire/errors.ts'
import { SmallFileSystem, whyNoSmallFileSystem } from '../seams/small-file-system.test-support.ts'
import { catalogContract } from './catalog-contract.ts'
import { increment, listKeys, makeTables, putThing, readCounter, readForEver } from './catalog-contract-transactions.ts'
import { sqliteDialect } from './dialect.ts'
import { RESERVE_BYTES, SqliteCatalog } from './sqlite-catalog.ts'
import { openTemporary, optionsFor, temporaryDirectory, thingNumber } from './sqlite-catalog-fixture.ts'
import { SqliteEngine } from './sqlite-engine.ts'
import { WAITING_MAX } from './sqlite-thread.ts'

catalogContract('SQLite', { dialect: sqliteDialect, open: () => openTemporary() })

describe('SQLite catalog', () => {
  it('refuses what would wait behind too many, and takes requests again afterwards', async () => {
    await using catalog = await openTemporary()
    await catalog.write(makeTables, sqliteDialect)
    const asked = Array.from({ length: WAITING_MAX + 1 }, () => catalog.write(increment, { name: 'a', by: 1 }))
    const results = await Promise.allSettled(asked)
    const refused = results.filter((result) => result.status === 'rejected')
    assert.equal(refused.length, 1)
    assert.equal(refused[0]?.reason.code, 'overloaded')
    assert.equal(await catalog.write(increment, { name: 'a', by: 1 }), WAITING_MAX + 1)
  })

  it('lets whoever heard that a write was done read it, however many write and read at once', async () => {
    await using catalog = await openTemporary()
    await catalog.write(makeTables, sqliteDialect)
    const writer = async (): Promise<void> => {
      for (let round = 0; round < 200; round++) {
        const written = await catalog.write(increment, { name: 'a', by: 1 })
        const read = await catalog.read(readCounter, 'a')
        assert.ok(read >= written, `${written} was written and ${read} read`)
      }
    }
    await Promise.all(Array.from({ length: 16 }, writer))
    assert.equal(catalog.read(readCounter, 'a'), 16 * 200)
  })

  it('rejects a transaction that its thread does not know', async () => {
    await using catalog = await openTemporary()
    await assert.rejects(
      catalog.write({ ...increment, name: 'unheard' }, { name: 'a', by: 1 }),
      /no transaction is called unheard/,
    )
  })

  it('ends a scan that takes too long', async () => {
    await using catalog = await openTemporary()
    await catalog.write(makeTables, sqliteDialect)
    await assert.rejects(catalog.scan(readForEver, 'a'), { code: 'overloaded' })
    assert.equal(await catalog.scan(readCounter, 'a'), 0)
  })

  it('stops writing while the reserve is all that the disk has left, and reads on', async () => {
    let freeBytes = RESERVE_BYTES
    let checkSpace: (() => void) | undefined
    const clock = { now: () => 0, monotonicMs: () => 0, after: (_delayMs: number, act: () => void) => later(act) }
    const later = (act: () => void): { cancel: () => void } => {
      checkSpace = act
      return { cancel: () => {} }
    }
    await using catalog = await openTemporary({ clock, freeBytes: async () => freeBytes })
    await catalog.write(makeTables, sqliteDialect)
    const add = (): Promise<number> => catalog.write(increment, { name: 'a', by: 1 })
    assert.equal(await add(), 1)
    freeBytes = RESERVE_BYTES - 1
    checkSpace?.()
    await catalog.scan(readCounter, 'a')
    await assert.rejects(add(), { code: 'catalog_unavailable' })
    assert.equal(catalog.read(readCounter, 'a'), 1)
    freeBytes = RESERVE_BYTES
    checkSpace?.()
    await catalog.scan(readCounter, 'a')
    assert.equal(await add(), 2)
  })

  it('refuses a catalog of a newer version, and frees the lock', async () => {
    const directory = temporaryDirectory()
    using engine = SqliteEngine.open(join(directory, 'catalog.sqlite'))
    engine.migrate()
    engine.query("INSERT INTO migrations (number, name) VALUES (9999, 'from the future')")
    for (let attempt = 0; attempt < 2; attempt++) {
      await assert.rejects(SqliteCatalog.open(optionsFor(directory)), { code: 'format_unknown' })
    }
  })
})

describe('a start of the SQLite catalog', () => {
  it('begins a log anew that an earlier process left', async () => {
    const directory = temporaryDirectory()
    const left = join(directory, 'left.sqlite')
    const path = join(directory, 'catalog.sqlite')
    {
      using engine = SqliteEngine.open(left)
      engine.migrate()
      engine.run(makeTables.run(sqliteDialect))
      for (let number = 0; number < 200; number++) engine.run(putThing.run(thingNumber(number)))
      // As a kill leaves them: closing would empty the log.
      for (const end of ['', '-wal']) copyFileSync(`${left}${end}`, `${path}${end}`)
    }
    // A log says at its beginning how often it began anew.
    const beginning = (): Buffer => readFileSync(`${path}-wal`).subarray(0, 32)
    const before = beginning()
    await using catalog = await SqliteCatalog.open(optionsFor(directory))
    await catalog.write(putThing, thingNumber(200))
    assert.notDeepEqual(beginning(), before)
    assert.equal(catalog.read(listKeys, { after: new Uint8Array(0), limit: 1000 }).length, 201)
  })

  it('has its names on the disk, or does not come to its end', async () => {
    let synced = 0
    const options = optionsFor(temporaryDirectory())
    const syncDirectory = async (): Promise<void> => {
      synced++
      throw new HoldfastError('disk_failed', 'no sync')
    }
    await assert.rejects(SqliteCatalog.open({ ...options, syncDirectory }), { code: 'disk_failed' })
    assert.equal(synced, 1)
    await using _catalog = await SqliteCatalog.open(options)
  })
})

describe('SQLite catalog on a full disk', { skip: whyNoSmallFileSystem() }, () => {
  it('refuses writes, reads on, keeps all that it confirmed, and writes again when there is room', async () => {
    using small = SmallFileSystem.mount('6m')
    const directory = join(small.path, 'catalog')
    const ballast = join(small.path, 'ballast')
    mkdirSync(directory)
    writeFileSync(ballast, new Uint8Array(2 * 1024 * 1024))
    const confirmed: number[] = []
    const refusals = new Set<unknown>()
    const write = async (number: number): Promise<void> => {
      try {
        await catalog.write(putThing, thingNumber(number))
        confirmed.push(number)
      } catch (error) {
        refusals.add(error instanceof HoldfastError ? error.code : error)
      }
    }
    let catalog = await SqliteCatalog.open(optionsFor(directory))
    await catalog.write(makeTables, sqliteDialect)
    for (let first = 0; first < 8000; first += 40) {
      await Promise.all(Array.from({ length: 40 }, (_, index) => write(first + index)))
    }
    assert.deepEqual([...refusals], ['catalog_unavailable'])
    const keysThere = (): string[] => catalog.read(listKeys, { after: new Uint8Array(), limit: 10_000 })
    assert.equal(keysThere().length, confirmed.length)

    await catalog[Symbol.asyncDispose]()
    catalog = await SqliteCatalog.open(optionsFor(directory))
    assert.equal(keysThere().length, confirmed.length)

    rmSync(ballast)
    refusals.clear()
    for (let number = 10_000; number < 10_100; number++) await write(number)
    assert.equal(refusals.size, 0)
    assert.equal(keysThere().length, confirmed.length)
    await catalog[Symbol.asyncDispose]()
    using engine = SqliteEngine.open(join(directory, 'catalog.sqlite'))
    assert.equal(engine.query('PRAGMA integrity_check')[0]?.['integrity_check'], 'ok')
  })
})
