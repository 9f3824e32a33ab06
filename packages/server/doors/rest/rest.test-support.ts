/** A REST door that really listens, over the floor in memory, and clients for it: one that speaks HTTP, and one that may not. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { Agent, type IncomingHttpHeaders, type OutgoingHttpHeaders, request } from 'node:http'
import { connect, type Socket } from 'node:net'
import { type Problem, problemSchema } from '@holdfast/core/wire/rest/problem.ts'
import { z } from 'zod'
import { type Clock, systemClock } from '../../seams/clock.ts'
import { systemRandom } from '../../seams/random.ts'
import type { Authenticate } from './http/guard.ts'
import { openLog } from './log.ts'
import { MemoryFloor } from './memory-floor.test-support.ts'
import { RestServer } from './server.ts'

export const KEY = `hf_${'01'.repeat(16)}_${'5ec2e7'.repeat(11).slice(0, 64)}_cfa408ff`

const withKey: Authenticate = (header) => (header === `Bearer ${KEY}` ? { principal: 'admin' } : undefined)

interface Opening {
  readonly clock?: Clock
  readonly level?: string
  readonly authenticate?: Authenticate
}

export interface Heard {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
  /** The answer as its schema says it is; a failure of the test where it is not. */
  as<Schema extends z.ZodType>(schema: Schema): z.output<Schema>
  problem(): Problem
}

export interface Asked {
  readonly headers?: OutgoingHttpHeaders
  readonly body?: Uint8Array | string | object | undefined
  /** Without it the admin's key is sent; null sends none. */
  readonly key?: string | null
}

export class TestDoor implements AsyncDisposable {
  readonly floor: MemoryFloor
  readonly server: RestServer
  readonly port: number
  readonly logged: string[]
  readonly #agent = new Agent({ keepAlive: true })

  private constructor(floor: MemoryFloor, server: RestServer, port: number, logged: string[]) {
    this.floor = floor
    this.server = server
    this.port = port
    this.logged = logged
  }

  static async open({ clock = systemClock, level = 'trace', authenticate = withKey }: Opening = {}): Promise<TestDoor> {
    const floor = new MemoryFloor()
    const logged: string[] = []
    const log = openLog({ write: (line) => logged.push(line) }, { level })
    const server = await RestServer.open({ floor, authenticate, log, clock, random: systemRandom, version: '0.0.1' })
    const port = await server.listen({ host: '127.0.0.1', port: 0 })
    return new TestDoor(floor, server, port, logged)
  }

  ask(method: string, path: string, { headers = {}, body, key = KEY }: Asked = {}): Promise<Heard> {
    const isMessage = typeof body === 'object' && !(body instanceof Uint8Array)
    const bytes = isMessage ? JSON.stringify(body) : body
    const all = {
      ...(key !== null && { authorization: `Bearer ${key}` }),
      ...(isMessage && { 'content-type': 'application/json' }),
      ...headers,
    }
    return new Promise((resolve, reject) => {
      const asking = request({ agent: this.#agent, port: this.port, host: '127.0.0.1', method, path, headers: all })
      asking.on('error', reject)
      asking.on('response', (response) => {
        const pieces: Buffer[] = []
        response.on('data', (piece: Buffer) => pieces.push(piece))
        response.on('error', reject)
        response.on('end', () => {
          const whole = Buffer.concat(pieces)
          const { statusCode: status = 0, headers: heard } = response
          resolve({
            status,
            headers: heard,
            body: whole,
            as: (schema) => schema.parse(JSON.parse(whole.toString())),
            problem: () => problemIn(status, heard, whole),
          })
        })
      })
      asking.end(bytes)
    })
  }

  put(path: string, body: Uint8Array | string, headers: OutgoingHttpHeaders = {}): Promise<Heard> {
    return this.ask('PUT', `/api/v1/buckets/default/files/${path}`, { body, headers })
  }

  get(path: string, headers: OutgoingHttpHeaders = {}): Promise<Heard> {
    return this.ask('GET', `/api/v1/buckets/default/files/${path}`, { headers })
  }

  async raw(): Promise<RawClient> {
    const socket = connect(this.port, '127.0.0.1')
    await once(socket, 'connect')
    return new RawClient(socket)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#agent.destroy()
    await this.server.close()
  }
}

/** A problem is whole, of its own type, and its status is that of the answer. */
function problemIn(status: number, headers: IncomingHttpHeaders, body: Buffer | string): Problem {
  assert.equal(headers['content-type'], 'application/problem+json')
  const problem = z.strictObject(problemSchema.shape).parse(JSON.parse(body.toString()))
  assert.equal(problem.status, status)
  assert.equal(problem.type, `/docs#errors-${problem.code}`)
  return problem
}

export async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isSo())) await new Promise((soon) => setTimeout(soon, 2))
}

/** Sends bytes as they are. */
export class RawClient implements Disposable {
  readonly socket: Socket
  heard = ''

  constructor(socket: Socket) {
    this.socket = socket
    socket.on('data', (piece) => {
      this.heard += piece.toString('latin1')
    })
    // A reset is what some of these clients provoke.
    socket.on('error', () => {})
  }

  send(text: string | Uint8Array): void {
    this.socket.write(text)
  }

  /** The one problem that was heard, at the end of the connection. */
  async problem(): Promise<Problem> {
    const [head = '', body = ''] = (await this.closed()).split('\r\n\r\n')
    const [line = '', ...headers] = head.split('\r\n')
    const pairs = headers.map((header): [string, string] => {
      const [name = '', value = ''] = header.split(/: (.*)/)
      return [name.toLowerCase(), value]
    })
    return problemIn(Number(line.split(' ')[1]), Object.fromEntries(pairs), body)
  }

  async until(found: RegExp): Promise<string> {
    while (!found.test(this.heard)) {
      if (this.socket.destroyed)
        throw new Error(`the connection ended; heard ${JSON.stringify(this.heard.slice(0, 500))}`)
      await Promise.race([once(this.socket, 'data'), once(this.socket, 'close')])
    }
    return this.heard
  }

  async closed(): Promise<string> {
    // `once` of events would take a reset for a failure.
    if (!this.socket.destroyed) await new Promise((resolve) => this.socket.once('close', resolve))
    return this.heard
  }

  [Symbol.dispose](): void {
    this.socket.destroy()
  }
}

export const AUTHORIZED = `Host: here\r\nAuthorization: Bearer ${KEY}\r\n`
