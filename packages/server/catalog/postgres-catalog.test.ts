import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { type Cut, CutAtCommit } from '../../../tests/postgres/cut-at-commit.ts'
import { type PostgresServer, startOrSkip } from '../../../tests/postgres/start-postgres.ts'
import { systemClock } from '../seams/clock.ts'
import { systemRandom } from '../seams/random.ts'
import { catalogContract } from './catalog-contract.ts'
import { increment, incrementByHand, makeTables, readCounter } from './catalog-contract-transactions.ts'
import { postgresDialect } from './dialect.ts'
import { MIGRATIONS } from './migrate.ts'
import { PostgresCatalog } from './postgres-catalog.ts'
import { query, type Transaction } from './transaction.ts'

const { started, skip } = await startOrSkip()
after(async () => started?.[Symbol.asyncDispose]())

let databases = 0
const server = (): PostgresServer => started as PostgresServer
const open = (url: string): Promise<PostgresCatalog> =>
  PostgresCatalog.open({ url, clock: systemClock, random: systemRandom })
const openEmpty = async (): Promise<PostgresCatalog> => open(await server().createDatabase(`test${++databases}`))

catalogContract('PostgreSQL', { dialect: postgresDialect, open: openEmpty, skip })

const one = { name: 'a', by: 1 }

describe('PostgreSQL catalog', { skip }, () => {
  it('makes the schema once, however many gateways start on an empty database at once', async () => {
    const url = await server().createDatabase(`test${++databases}`)
    const catalogs = await Promise.all(Array.from({ length: 4 }, () => open(url)))
    const numbers: Transaction<null, unknown[]> = {
      name: 'numbers',
      *run() {
        return (yield* query('SELECT number FROM migrations ORDER BY number')).map(({ number }) => number)
      },
    }
    const [catalog] = catalogs
    assert.deepEqual(
      await catalog?.read(numbers, null),
      MIGRATIONS.map(({ number }) => number),
    )
    await Promise.all(catalogs.map((each) => each[Symbol.asyncDispose]()))
  })

  it('loses no increment of several gateways', async () => {
    const url = await server().createDatabase(`test${++databases}`)
    await using first = await open(url)
    await using second = await open(url)
    await first.write(makeTables, postgresDialect)
    await first.write(increment, one)
    const writes = Array.from({ length: 60 }, (_, index) => (index % 2 ? first : second).write(incrementByHand, one))
    await Promise.all(writes)
    assert.equal(await second.read(readCounter, 'a'), 61)
  })

  it('gives up with overloaded after a bounded number of collisions', async () => {
    await using catalog = await openEmpty()
    let attempts = 0
    const collide: Transaction<null, void> = {
      name: 'collide',
      *run() {
        attempts++
        yield* query("DO $$ BEGIN RAISE EXCEPTION 'collided' USING ERRCODE = '40001'; END $$")
      },
    }
    await assert.rejects(catalog.write(collide, null), { code: 'overloaded' })
    assert(attempts > 10 && attempts < 100)
  })

  it('asks for commits that are on the disk, whatever the database was told', async () => {
    const url = await server().createDatabase(`test${++databases}`)
    await server().query(`ALTER DATABASE test${databases} SET synchronous_commit = off`)
    await using catalog = await open(url)
    const setting: Transaction<null, unknown> = {
      name: 'setting',
      *run() {
        return (yield* query("SELECT current_setting('synchronous_commit') AS value"))[0]?.['value']
      },
    }
    assert.equal(await catalog.write(setting, null), 'on')
  })

  it('rejects with catalog_unavailable while the server is away, and goes on when it is back', async () => {
    await using catalog = await openEmpty()
    await catalog.write(makeTables, postgresDialect)
    await catalog.write(increment, one)
    await server().kill()
    await assert.rejects(catalog.write(increment, one), { code: 'catalog_unavailable' })
    await assert.rejects(catalog.read(readCounter, 'a'), { code: 'catalog_unavailable' })
    await server().restart()
    assert.equal(await catalog.read(readCounter, 'a'), 1)
    assert.equal(await catalog.write(increment, one), 2)
  })

  it('says that the outcome is unknown when the connection is cut before COMMIT arrives, or after', async () => {
    await cutAtCommit('before', 1)
    await cutAtCommit('after', 2)
  })

  it('says so too when the standby that COMMIT waited for was given up', async () => {
    await using catalog = await openEmpty()
    await catalog.write(makeTables, postgresDialect)
    await server().query("ALTER SYSTEM SET synchronous_standby_names = 'nobody'")
    await server().query('SELECT pg_reload_conf()')
    await delay(200)
    const write = catalog.write(increment, one)
    const isRejected = assert.rejects(write, { code: 'catalog_unavailable', details: { outcome: 'unknown' } })
    const cancel = "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'"
    while ((await server().query(cancel)).length === 0) await delay(50)
    await isRejected
    await server().query('ALTER SYSTEM RESET synchronous_standby_names')
    await server().query('SELECT pg_reload_conf()')
  })

  it('refuses a server that never syncs', async () => {
    const url = await server().createDatabase(`test${++databases}`)
    await server().kill()
    await server().restart(['-c', 'fsync=off'])
    await assert.rejects(open(url), { code: 'catalog_unavailable', message: /fsync = off/ })
    await server().kill()
    await server().restart()
    await (await open(url))[Symbol.asyncDispose]()
  })
})

describe('PostgreSQL catalog, waiting', { skip, concurrency: true }, () => {
  it('ends a statement that takes too long', async () => {
    await using catalog = await openEmpty()
    const startedAtMs = systemClock.monotonicMs()
    const sleepLong: Transaction<null, void> = {
      name: 'sleepLong',
      *run() {
        yield* query('SELECT pg_sleep(60)')
      },
    }
    await assert.rejects(catalog.write(sleepLong, null), { code: 'catalog_unavailable' })
    assert(systemClock.monotonicMs() - startedAtMs < 15_000)
  })

  it('waits only so long for a COMMIT that nobody answers', async () => {
    await cutAtCommit('silence', 1)
  })
})

async function cutAtCommit(cut: Cut, left: number): Promise<void> {
  const database = `test${++databases}`
  await server().createDatabase(database)
  await using proxy = await CutAtCommit.open(server().socket)
  await using catalog = await open(server().url(database, proxy.directory))
  await catalog.write(makeTables, postgresDialect)
  await catalog.write(increment, one)
  proxy.cut = cut
  await assert.rejects(catalog.write(increment, one), {
    code: 'catalog_unavailable',
    message: /whether it was committed is not known/,
    details: { outcome: 'unknown' },
  })
  proxy.cut = 'none'
  assert.equal(await catalog.read(readCounter, 'a'), left)
}
