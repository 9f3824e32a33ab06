/**
 * `holdfastd up`: a gateway, its embedded catalog and its drives in one process. Only wiring stands here, and what a person at the
 * terminal is told: everything is built lowest floor first and taken down in the reverse order.
 */
import { readFile, rm, stat, writeFile } from 'node:fs/promises'
import type { Server } from 'node:http'
import { availableParallelism } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { assert } from '@holdfast/core/wire/assert.ts'
import { HoldfastError, hasCode } from '@holdfast/core/wire/errors.ts'
import { exitCodeOf, FAILED } from '@holdfast/core/wire/exit-codes.ts'
import { IdMaker } from '@holdfast/core/wire/ids.ts'
import { AdminKey } from './access/admin-key.ts'
import { parseArguments, type UpArguments } from './arguments.ts'
import type { Catalog } from './catalog/catalog.ts'
import { SqliteCatalog } from './catalog/sqlite-catalog.ts'
import { listBuckets } from './catalog/transactions/list-buckets.ts'
import { listNodes } from './catalog/transactions/list-nodes.ts'
import { CatalogAge, tellNodes } from './cluster/catalog-age.ts'
import { Jobs } from './cluster/jobs.ts'
import type { Alarm } from './cluster/recounting.ts'
import { LANE_BYTES_MIN } from './compute/slots.ts'
import { WorkerPool } from './compute/worker-pool.ts'
import { CLOSING_MS_MAX } from './doors/rest/limits.ts'
import { openLog } from './doors/rest/log.ts'
import { RestServer } from './doors/rest/server.ts'
import { findNodes, nameDrives } from './drive-names.ts'
import { DRIVES_CLOSE_MS_MAX, type DriveDirectory, Drives } from './drives.ts'
import { Ending, endBy } from './ending.ts'
import { Gateway } from './gateway.ts'
import { openCluster } from './open-cluster.ts'
import { assertNewDrive, assertNoDrives, checkPlaces, type Places } from './places.ts'
import { systemClock, within } from './seams/clock.ts'
import { systemCodeOf } from './seams/disk.ts'
import { FileDisk } from './seams/file-disk.ts'
import { lookAt } from './seams/look-at.ts'
import { makeDirectory } from './seams/make-directory.ts'
import { systemRandom } from './seams/random.ts'
import { repeatedly } from './seams/repeatedly.ts'
import { SecretDirectory } from './seams/secret-files.ts'
import { systemRefusal } from './seams/system-refusal.ts'

const VERSION = '0.1.0'
const HOST = '127.0.0.1'
const NODES_DEFAULT = 5
/** All stripe buffers together. */
const STRIPE_BUDGET_BYTES = 96 * 1024 * 1024
const WORKERS_MAX = Math.floor(STRIPE_BUDGET_BYTES / LANE_BYTES_MIN)
/** A drive that hangs is taken to lie on the device of what it is mounted in. */
const DEVICE_MS_MAX = 5000
const LOOK_EVERY_MS = 1000
const REAP_EVERY_MS = 60_000
const RECOUNT_EVERY_MS = 60_000
/**
 * How long the end waits for a part, which takes an instant; a collection that is cut goes on at the next start. `Ending` asserts that
 * all of them fit.
 */
const PART_MS_MAX = 1000
const FILE_MS_MAX = 500
/** The server gives its requests `CLOSING_MS_MAX`, and then cuts their connections. */
const SERVER_MS_MAX = CLOSING_MS_MAX + 1000
/** The log is moved into the database, so that the next start need not read it. */
const CATALOG_MS_MAX = 3000

const clock = systemClock
const random = systemRandom
const ids = new IdMaker(
  () => clock.now(),
  (length) => random.bytes(length),
)
const log = openLog(process.stderr, { isTerminal: process.stderr.isTTY })

const alarm: Alarm = (sentence, details) => log.error(details, sentence)
const warn = (sentence: string, error?: unknown): void => log.warn({ err: error }, sentence)

function fatal(error: unknown): void {
  log.fatal({ err: error }, 'Holdfast stops, so that its next start can see what is on the disk')
  endBy('SIGKILL')
}

// A bug that nobody caught would else wait for the threads of a disk that hangs, and half a server with it.
process.on('uncaughtException', fatal)

async function up({ dataDirectory, port, nodes: nodeCount, driveDirectories }: UpArguments): Promise<void> {
  const data = resolve(dataDirectory)
  const asGiven: Places = { data, drives: driveDirectories ?? [], clock }
  await checkPlaces(asGiven, warn)
  await using ending = new Ending({ clock, warn })
  for (const name of ['.', 'run', 'catalog', 'nodes']) await makeDirectory(join(data, name))

  const catalogDisk = new FileDisk(join(data, 'catalog'))
  const catalogOptions = {
    directory: join(data, 'catalog'),
    syncDirectory: () => catalogDisk.syncDirectory('.'),
    freeBytes: async () => (await catalogDisk.space()).freeBytes,
    clock,
    fatal,
  }
  const catalog = ending.use(
    'the catalog',
    CATALOG_MS_MAX,
    await SqliteCatalog.open(catalogOptions).catch(async (error: unknown) => {
      throw hasCode(error, 'catalog_locked') ? await runsAlready(data, error) : error
    }),
  )
  const [pidFile, addressFile] = [join(data, 'run', 'gateway.pid'), join(data, 'run', 'gateway.address')]
  await rm(addressFile, { force: true })
  await writeFile(pidFile, `${process.pid}\n`)
  ending.defer(pidFile, FILE_MS_MAX, () => rm(pidFile, { force: true }))

  const secrets = new SecretDirectory(data)
  const mayBeFirst = (): Promise<void> => assertNoDrives(asGiven)
  const { cluster, keys } = await openCluster({ catalog, secrets, clock, random, ids, mayBeFirst })
  // Said before anything else may fail: what a first start says, no later one says again.
  for (const sentence of keys.sentences) process.stderr.write(`${sentence}\n`)
  const adminKey = await AdminKey.open(secrets, { random, ids })
  const directories = driveDirectories ?? numbered(data, nodeCount ?? (await nodesMeant(catalog)))
  const asked = [findNodes(directories, cluster.clusterId, clock), zonesOf(directories)] as const
  const [found, zones] = await Promise.all(asked)
  const places = nameDrives(found, await catalog.read(listNodes, {})).map(({ name, directory }): DriveDirectory => {
    const zone = zones.get(directory)
    assert(zone !== undefined, 'every directory has a zone')
    return { name, directory: resolve(directory), zone }
  })
  const makeDrive = async (directory: string): Promise<void> => {
    const found = await lookAt(directory)
    assertNewDrive(asGiven, directory, found)
    await makeDirectory(directory)
    if (found.is === 'missing' && driveDirectories !== undefined)
      log.info(`${directory} was not there and is made, for a new drive`)
  }
  const age = new CatalogAge(cluster.sequence)
  const drives = ending.use(
    'the drives',
    DRIVES_CLOSE_MS_MAX + PART_MS_MAX,
    await Drives.open({ catalog, cluster, age, clock, ids, places, makeDirectory: makeDrive, warn, fatal }),
  )
  const areElsewhere = found.every(({ node }) => node === undefined)
  if (areElsewhere && drives.nodes.all().every(({ state }) => state === 'offline'))
    warn('not one drive is where it was looked for; those that --drives named once are named by it at every start')
  const workers = Math.min(WORKERS_MAX, availableParallelism())
  const compute = ending.use(
    'the threads that compute',
    PART_MS_MAX,
    await WorkerPool.open({ workers, budgetBytes: STRIPE_BUDGET_BYTES, onDeath: fatal }),
  )
  const { masterKeys } = keys
  const nodes = drives.nodes
  const gateway = ending.use(
    'the gateway',
    PART_MS_MAX,
    await Gateway.open({
      cluster,
      gateway: ids.next(),
      catalog,
      age,
      nodes,
      compute,
      masterKeys,
      clock,
      random,
      ids,
      alarm,
    }),
  )
  if (!age.isBehind) await tellNodes(catalog, nodes, clock, cluster.lineage)
  for (const { message } of (await gateway.cluster.health()).warnings) warn(message)
  const turns = (what: string, everyMs: number, act: () => Promise<unknown>): AsyncDisposable => {
    const failed = (error: unknown): void => log.error({ err: error }, `${what} failed`)
    return repeatedly({ clock, everyMs, act, failed, fatal })
  }
  const looking = turns('looking at the drives', LOOK_EVERY_MS, () => drives.look())
  const unforeseen = (error: unknown): void => log.error({ err: error }, 'a job failed')
  const jobs = new Jobs({ clock, ids, failed: unforeseen, fatal })
  const collecting = turns('collecting', REAP_EVERY_MS, async () => age.isBehind || (await gateway.reaper.run()))
  const recounting = turns('counting again', RECOUNT_EVERY_MS, () => gateway.recounting.turn())
  ending.defer('looking at the drives and collecting', PART_MS_MAX, () =>
    Promise.all([looking, collecting, recounting].map((each) => each[Symbol.asyncDispose]())),
  )

  const authenticate = adminKey.authenticate.bind(adminKey)
  const server = ending.use(
    'the server',
    SERVER_MS_MAX,
    await RestServer.open({ floor: { ...gateway, jobs }, authenticate, log, clock, random, version: VERSION }),
  )
  const requests = countRequests(server.app.server)
  const address = `http://${HOST}:${await listen(server, port)}`
  await writeFile(addressFile, `${address}\n`)
  ending.defer(addressFile, FILE_MS_MAX, () => rm(addressFile, { force: true }))
  process.stdout.write(`Holdfast is ready: ${address}\n`)
  await ending.asked
  const running = requests.sentence()
  if (running === undefined) return
  // What is built last is taken down first: the server, which lets these requests finish.
  process.stderr.write(`waiting for ${running}, at most ${CLOSING_MS_MAX / 1000} s; press Ctrl-C again to end now\n`)
}

/** Who holds the lock has written down its process, and its address once it listens. */
async function runsAlready(data: string, cause: HoldfastError): Promise<HoldfastError> {
  const read = (name: string): Promise<string> => readFile(join(data, 'run', name), 'utf8').catch(() => '')
  const [pid, address] = [(await read('gateway.pid')).trim(), (await read('gateway.address')).trim()]
  const who = pid === '' ? '' : `: process ${pid}${address === '' ? ', which is starting or ending' : ` at ${address}`}`
  return new HoldfastError('catalog_locked', `another process uses ${data}${who}\nnpm stop -- --data ${data} ends it`, {
    cause,
  })
}

async function listen(server: RestServer, port: number): Promise<number> {
  try {
    return await server.listen({ host: HOST, port })
  } catch (error) {
    const code = systemCodeOf(error)
    if (code !== 'EADDRINUSE' && code !== 'EACCES') throw error
    const why = code === 'EADDRINUSE' ? 'is taken by another program' : 'is not for this user to listen on'
    const taken = code === 'EADDRINUSE' ? 'conflict' : 'bad_configuration'
    throw new HoldfastError(taken, `port ${port} of ${HOST} ${why}: name another with --port; 0 is any free one`, {
      cause: error,
    })
  }
}

/** As many as there are. A first start that was cut short made no bucket yet, and perhaps not all of its nodes. */
async function nodesMeant(catalog: Catalog): Promise<number> {
  const { length } = await catalog.read(listNodes, {})
  const { items } = await catalog.read(listBuckets, { limit: 1 })
  return items.length > 0 ? length : Math.max(length, NODES_DEFAULT)
}

/** The requests that are being answered, which a clean end waits for. */
function countRequests(server: Server): { sentence: () => string | undefined } {
  let [uploads, others] = [0, 0]
  server.on('request', ({ method }, response) => {
    const isUpload = method === 'PUT' || method === 'POST'
    if (isUpload) uploads++
    else others++
    response.once('close', () => (isUpload ? uploads-- : others--))
  })
  const counted = (count: number, what: string): string[] =>
    count === 0 ? [] : [`${count} ${what}${count === 1 ? '' : 's'}`]
  const parts = (): string[] => [...counted(uploads, 'upload'), ...counted(others, 'other request')]
  return { sentence: () => (uploads + others === 0 ? undefined : parts().join(' and ')) }
}

function numbered(data: string, count: number): string[] {
  return Array.from({ length: count }, (_, index) => join(data, 'nodes', String(index + 1)))
}

/** Drives on one device fail together: they are one zone. A directory that is still to be made will lie on its parent's. */
async function zonesOf(directories: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const deviceOf = async (directory: string): Promise<number> => (await stat(directory)).dev
  const zones = directories.map(async (directory) => {
    const device = await within(clock, DEVICE_MS_MAX, deviceOf(directory)).catch(() => deviceOf(dirname(directory)))
    return [directory, `device-${device}`] as const
  })
  return new Map(await Promise.all(zones))
}

try {
  await up(parseArguments(process.argv.slice(2)))
} catch (error) {
  // What may happen (another process on this directory, a foreign disk) is told in a sentence; a bug shows its stack.
  const sentence = error instanceof HoldfastError ? error.message : systemRefusal(error)
  if (sentence === undefined) throw error
  process.stderr.write(`${sentence}\n`)
  process.exitCode = error instanceof HoldfastError ? exitCodeOf[error.code] : FAILED
}
