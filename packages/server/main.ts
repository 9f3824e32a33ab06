/**
 * `holdfastd up`: a gateway, its embedded catalog and its drives in one process. Only wiring stands here: everything is built
 * lowest floor first and taken down in the reverse order.
 */
import { mkdir, rm, stat, writeFile } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { HoldfastError } from '@holdfast/core/wire/errors.ts'
import { IdMaker } from '@holdfast/core/wire/ids.ts'
import { AdminKey } from './access/admin-key.ts'
import { parseArguments, type UpArguments } from './arguments.ts'
import type { Catalog } from './catalog/catalog.ts'
import type { ClusterRow } from './catalog/rows.ts'
import { SqliteCatalog } from './catalog/sqlite-catalog.ts'
import { createCluster, loadCluster } from './catalog/transactions/create-cluster.ts'
import { WorkerPool } from './compute/worker-pool.ts'
import { openLog } from './doors/rest/log.ts'
import { RestServer } from './doors/rest/server.ts'
import { type DriveDirectory, Drives } from './drives.ts'
import { type KeyFiles, openKeyFiles } from './files/keys/key-files.ts'
import { sealHeader } from './files/keys/sealed-header.ts'
import { Gateway } from './gateway.ts'
import { systemClock } from './seams/clock.ts'
import { systemCodeOf } from './seams/disk.ts'
import { FileDisk } from './seams/file-disk.ts'
import { systemRandom } from './seams/random.ts'
import { SecretDirectory } from './seams/secret-files.ts'

const VERSION = '0.1.0'
const HOST = '127.0.0.1'
/** All stripe buffers together. */
const STRIPE_BUDGET_BYTES = 112 * 1024 * 1024
/** A worker's part of them holds a stripe of every policy. */
const LANE_BYTES_MIN = 36 * 1024 * 1024
const WORKERS_MAX = Math.floor(STRIPE_BUDGET_BYTES / LANE_BYTES_MIN)
const LOOK_EVERY_MS = 1000
const REAP_EVERY_MS = 60_000

const clock = systemClock
const random = systemRandom
const ids = new IdMaker(
  () => clock.now(),
  (length) => random.bytes(length),
)
const log = openLog(process.stderr)

function fatal(error: unknown): void {
  log.fatal({ err: error }, 'Holdfast stops, so that its next start can see what is on the disk')
  process.exit(1)
}

async function up({ dataDirectory, port, drives: driveCount, driveDirectories }: UpArguments): Promise<void> {
  const data = resolve(dataDirectory)
  await using resources = new AsyncDisposableStack()
  const stopped = stopSignal()
  for (const name of ['.', 'run', 'catalog', 'nodes']) await mkdir(join(data, name), { recursive: true, mode: 0o700 })

  const catalogDisk = new FileDisk(join(data, 'catalog'))
  const catalog = resources.use(
    await SqliteCatalog.open({
      directory: join(data, 'catalog'),
      syncDirectory: () => catalogDisk.syncDirectory('.'),
      freeBytes: async () => (await catalogDisk.space()).freeBytes,
      clock,
      fatal,
    }),
  )
  const pidFile = join(data, 'run', 'gateway.pid')
  await writeFile(pidFile, `${process.pid}\n`)
  resources.defer(() => rm(pidFile, { force: true }))

  const { cluster, keys } = await openCluster(catalog, data)
  // Said before anything else may fail: a later start does not say it again.
  for (const sentence of keys.sentences) process.stderr.write(`${sentence}\n`)
  const adminKey = await AdminKey.open(new SecretDirectory(data), { random, ids })
  const places = await drivePlaces(driveDirectories ?? numbered(data, driveCount))
  const warn = (sentence: string): void => log.warn(sentence)
  const makeDirectory = (directory: string): Promise<unknown> => mkdir(directory, { recursive: true, mode: 0o700 })
  const drives = resources.use(await Drives.open({ catalog, cluster, clock, ids, places, makeDirectory, warn }))
  const workers = Math.min(WORKERS_MAX, availableParallelism())
  const compute = resources.use(await WorkerPool.open({ workers, budgetBytes: STRIPE_BUDGET_BYTES, onDeath: fatal }))
  const { masterKeys } = keys
  const nodes = drives.nodes
  const gateway = resources.use(
    await Gateway.open({ cluster, gateway: ids.next(), catalog, nodes, compute, masterKeys, clock, random, ids }),
  )
  resources.use(repeatedly(LOOK_EVERY_MS, 'looking at the drives', () => drives.look()))
  resources.use(
    repeatedly(REAP_EVERY_MS, 'collecting', async (signal) => {
      await gateway.reaper.run()
      await drives.compact(signal)
    }),
  )

  const authenticate = adminKey.authenticate.bind(adminKey)
  const server = resources.use(
    await RestServer.open({ floor: gateway, authenticate, log, clock, random, version: VERSION }),
  )
  const listening = await server.listen({ host: HOST, port })
  process.stdout.write(`Holdfast is ready: http://${HOST}:${listening}\n`)
  await stopped
}

/** The cluster of this catalog, made at the first start together with its keys. */
async function openCluster(catalog: Catalog, data: string): Promise<{ cluster: ClusterRow; keys: KeyFiles }> {
  const secrets = new SecretDirectory(data)
  const known = await catalog.read(loadCluster, {})
  if (known !== null) {
    const { recoveryPublicKey } = known
    return {
      cluster: known,
      keys: await openKeyFiles(secrets, { random, ids }, { mayCreate: false, recoveryPublicKey }),
    }
  }
  const keys = await openKeyFiles(secrets, { random, ids }, { mayCreate: true })
  const { recoveryPublicKey, masterKeys } = keys
  const [clusterId, lineage, nowMs] = [ids.next(), ids.next(), clock.now()]
  const header = { cluster: clusterId, lineage, madeAt: nowMs, masterKeys: masterKeys.all }
  const sealedHeader = sealHeader(header, recoveryPublicKey, random)
  const cluster = await catalog.write(createCluster, { clusterId, lineage, recoveryPublicKey, sealedHeader, nowMs })
  return { cluster, keys }
}

function numbered(data: string, count: number): string[] {
  return Array.from({ length: count }, (_, index) => join(data, 'nodes', String(index + 1)))
}

/** Drives on one device fail together: they are one zone. A directory that is still to be made will lie on its parent's. */
async function drivePlaces(directories: readonly string[]): Promise<DriveDirectory[]> {
  const deviceOf = async (directory: string): Promise<number> => (await stat(directory)).dev
  return await Promise.all(
    directories.map(async (directory, index) => {
      const device = await deviceOf(directory).catch(() => deviceOf(dirname(directory)))
      return { name: `drive-${index + 1}`, directory: resolve(directory), zone: `device-${device}` }
    }),
  )
}

/** Resolves at the first SIGINT or SIGTERM; further ones change nothing, for a terminal, npm and the starter each send one. */
function stopSignal(): Promise<void> {
  return new Promise((stop) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => stop())
  })
}

/** Does something again and again, never twice at once. A failure is logged, and the next turn comes all the same. */
function repeatedly(everyMs: number, what: string, act: (closing: AbortSignal) => Promise<unknown>): AsyncDisposable {
  let running: Promise<unknown> = Promise.resolve()
  let timer = clock.after(everyMs, turn)
  const closing = new AbortController()
  function turn(): void {
    running = act(closing.signal)
      .catch((error: unknown) => log.error({ err: error }, `${what} failed`))
      .finally(() => {
        if (!closing.signal.aborted) timer = clock.after(everyMs, turn)
      })
  }
  return {
    async [Symbol.asyncDispose]() {
      closing.abort()
      timer.cancel()
      await running
    },
  }
}

try {
  await up(parseArguments(process.argv.slice(2)))
} catch (error) {
  // What may happen (another process on this directory, a foreign disk) is told in a sentence; a bug shows its stack.
  const code = systemCodeOf(error)
  if (!(error instanceof HoldfastError) && code !== 'EADDRINUSE' && code !== 'EACCES' && code !== 'ENOENT') throw error
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
}
