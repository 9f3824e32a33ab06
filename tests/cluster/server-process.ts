/**
 * The real server as a process of its own, in a directory of its own, on a free port of this machine. It can be ended in every
 * way and started again in the same directory; whatever happens to the test, process and directory go.
 */
import assert from 'node:assert/strict'
import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { serverArguments, serverEnvironment } from '../../scripts/server-command.js'
import { HttpClient } from './http-client.ts'

const READY = /^Holdfast is ready: http:\/\/127\.0\.0\.1:(\d+)$/m
/** Far above what a start takes, for other work may have the machine. */
const START_MS_MAX = 60_000
const STDERR_CHARACTERS_MAX = 100_000

type Signal = 'SIGKILL' | 'SIGTERM'
type Child = ChildProcessByStdio<null, Readable, Readable>

/** A run that is over: its exit code, or null where a signal ended it. */
export interface Ended {
  readonly code: number | null
  readonly stderr: string
}

const living = new Set<Child>()

/** A group that is gone already needs no signal. */
function signalGroup({ pid }: Child, name: Signal): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, name)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error
  }
}

process.on('exit', () => {
  for (const child of living) signalGroup(child, 'SIGKILL')
})
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => process.exit(1))

export class ServerProcess implements AsyncDisposable {
  /** The data directory, which the first start makes. */
  readonly data: string
  readonly #home: string
  readonly #arguments: readonly string[]
  #run: Run | undefined
  #client: HttpClient | undefined

  private constructor(home: string, more: readonly string[]) {
    this.#home = home
    this.data = join(home, 'data')
    this.#arguments = ['up', '--data', this.data, '--port', '0', ...more]
  }

  /** A directory for a server; nothing runs yet. */
  static async make(more: readonly string[] = []): Promise<ServerProcess> {
    return new ServerProcess(await mkdtemp(join(tmpdir(), 'holdfast-cluster-')), more)
  }

  /** A server that is ready. */
  static async start(more: readonly string[] = []): Promise<ServerProcess> {
    const server = await ServerProcess.make(more)
    try {
      await server.start()
    } catch (error) {
      await server[Symbol.asyncDispose]()
      throw error
    }
    return server
  }

  get client(): HttpClient {
    assert(this.#client !== undefined, 'the server was started')
    return this.#client
  }

  get pid(): number {
    return this.#running().pid
  }

  get stderr(): string {
    return this.#running().stderr
  }

  async start(): Promise<void> {
    const run = this.begin()
    const ready = await run.ready()
    const key = (await readFile(join(this.data, 'admin.key'), 'utf8')).trim()
    this.#client = new HttpClient(ready, key)
  }

  /** Starts without waiting until it is ready; `under` is a program that runs it, with that program's arguments. */
  begin(under: readonly string[] = []): Run {
    assert(this.#run === undefined || this.#run.isOver, 'one run at a time')
    this.#run = new Run(this.#arguments, under)
    return this.#run
  }

  /** A second process with the same arguments, beside the one that runs. */
  async beside(): Promise<Ended> {
    const run = new Run(this.#arguments)
    const deadline = setTimeout(() => run.signal('SIGKILL'), START_MS_MAX)
    const ended = await run.ended
    clearTimeout(deadline)
    return ended
  }

  /** `kill -9`. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL')
  }

  /** SIGTERM, which ends it cleanly. */
  async stop(): Promise<void> {
    const { code, stderr } = await this.#end('SIGTERM')
    assert.equal(code, 0, `the server ends cleanly:\n${stderr}`)
  }

  drive(number: number): string {
    return join(this.data, 'nodes', String(number))
  }

  /** Paths of the segments of a drive, the oldest first. */
  async segments(drive: number): Promise<string[]> {
    const directory = join(this.drive(drive), 'segments')
    return (await readdir(directory)).sort().map((name) => join(directory, name))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#end('SIGKILL')
    await rm(this.#home, { recursive: true, force: true })
  }

  async #end(signal: Signal): Promise<Ended> {
    this.#client?.close()
    this.#client = undefined
    const run = this.#run
    this.#run = undefined
    run?.signal(signal)
    return (await run?.ended) ?? { code: 0, stderr: '' }
  }

  #running(): Run {
    assert(this.#run !== undefined, 'the server runs')
    return this.#run
  }
}

export class Run {
  readonly ended: Promise<Ended>
  readonly #child: Child
  stdout = ''
  stderr = ''
  isOver = false

  constructor(given: readonly string[], under: readonly string[] = []) {
    // What the test runner tells its own files is not for the server.
    const { NODE_TEST_CONTEXT: _, ...environment } = process.env
    const [program = process.execPath, ...rest] = [...under, process.execPath, ...serverArguments, ...given]
    // A group of its own, so that a signal reaches the server also where another program runs it.
    const child = spawn(program, rest, {
      env: { ...serverEnvironment, ...environment },
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.#child = child
    living.add(child)
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      this.stdout += text
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.stderr = (this.stderr + text).slice(-STDERR_CHARACTERS_MAX)
    })
    this.ended = new Promise((resolve) => {
      child.once('close', (code) => {
        living.delete(child)
        this.isOver = true
        resolve({ code, stderr: this.stderr })
      })
    })
  }

  get pid(): number {
    assert(this.#child.pid !== undefined, 'the process was made')
    return this.#child.pid
  }

  signal(name: Signal): void {
    if (!this.isOver) signalGroup(this.#child, name)
  }

  /** Answers the port, once the server has said that it is ready. */
  async ready(): Promise<number> {
    const { promise, resolve, reject } = Promise.withResolvers<number>()
    const look = (): void => {
      const [, port] = READY.exec(this.stdout) ?? []
      if (port !== undefined) resolve(Number(port))
    }
    this.#child.stdout.on('data', look)
    look()
    const deadline = setTimeout(
      () => reject(new Error(`not ready after ${START_MS_MAX} ms:\n${this.stderr}`)),
      START_MS_MAX,
    )
    this.ended.then(({ code }) => reject(new Error(`ended with ${code} before it was ready:\n${this.stderr}`)), reject)
    try {
      return await promise
    } finally {
      clearTimeout(deadline)
      this.#child.stdout.off('data', look)
    }
  }
}
