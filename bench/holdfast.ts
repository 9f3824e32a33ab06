/** A Holdfast of its own, as a user would start it: one process on five drives, on a free port. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { serverArguments, serverEnvironment } from '../scripts/server-command.js'
import { freePort } from './free-port.ts'
import type { Target } from './load/jobs.ts'

const READY = 'Holdfast is ready'
const SAID_CHARACTERS_MAX = 4000
const LOOK_MS = 50
const NODES_WAIT_MS = 30_000
/** Where `PUT` and `GET` of a path in the default bucket stand. */
export const FILES = '/api/v1/buckets/default/files/'

export class Holdfast implements AsyncDisposable {
  readonly directory: string
  readonly target: Target
  readonly #child: ChildProcess
  readonly #said: () => string
  readonly #authorization: string
  #isEnded = false

  private constructor(
    directory: string,
    port: number,
    key: string,
    { child, said }: { child: ChildProcess; said: () => string },
  ) {
    this.directory = directory
    this.#child = child
    this.#said = said
    this.#authorization = `Bearer ${key}`
    this.target = { port, headers: `authorization: ${this.#authorization}\r\n` }
  }

  /** Resolves at its ready line. */
  static async start(directory: string): Promise<Holdfast> {
    const port = await freePort()
    const child = spawn(process.execPath, [...serverArguments, 'up', '--data', directory, '--port', String(port)], {
      env: { ...serverEnvironment, ...process.env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const killAtExit = (): void => void child.kill('SIGKILL')
    process.on('exit', killAtExit)
    child.on('exit', () => process.off('exit', killAtExit))
    let said = ''
    await new Promise<void>((resolve, reject) => {
      const hear = (bytes: Buffer): void => {
        said = `${said}${bytes}`.slice(-SAID_CHARACTERS_MAX)
        if (said.includes(READY)) resolve()
      }
      child.stdout.on('data', hear)
      child.stderr.on('data', hear)
      child.on('error', reject)
      child.on('exit', (code, signal) => reject(new Error(`Holdfast ended with ${code ?? signal}: ${said}`)))
    })
    const key = (await readFile(join(directory, 'admin.key'), 'utf8')).trim()
    return new Holdfast(directory, port, key, { child, said: () => said })
  }

  /** A request of the bench's own, outside of what is measured. */
  async ask(path: string, init: { method?: string; body?: string } = {}): Promise<Response> {
    const headers = { authorization: this.#authorization, 'content-type': 'application/json' }
    const answer = await fetch(`http://127.0.0.1:${this.target.port}${path}`, { ...init, headers })
    if (!answer.ok) throw new Error(`${path} answered ${answer.status}: ${await answer.text()}`)
    return answer
  }

  /** Waits until exactly so many nodes are online. */
  async nodesOnline(count: number): Promise<void> {
    for (const endMs = performance.now() + NODES_WAIT_MS; ; await wait(LOOK_MS)) {
      const { nodes } = (await (await this.ask('/health')).json()) as { nodes: { state: string }[] }
      if (nodes.filter(({ state }) => state === 'online').length === count) return
      if (performance.now() > endMs) throw new Error(`not ${count} nodes are online: ${JSON.stringify(nodes)}`)
    }
  }

  residentBytes(): number {
    return this.#status('VmRSS')
  }

  /** The highest that the kernel saw since `forgetPeak`, which no sampling misses. */
  peakResidentBytes(): number {
    return this.#status('VmHWM')
  }

  forgetPeak(): void {
    writeFileSync(`/proc/${this.#child.pid}/clear_refs`, '5')
  }

  /** `kill -9`. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#end('SIGTERM')
  }

  async #end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) {
      if (!this.#isEnded) process.stderr.write(`Holdfast had ended by itself: ${this.#said()}\n`)
      return
    }
    this.#isEnded = true
    const exit = once(this.#child, 'exit')
    this.#child.kill(signal)
    await exit
  }

  #status(name: string): number {
    const status = readFileSync(`/proc/${this.#child.pid}/status`, 'latin1')
    return Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1]) * 1024
  }
}
