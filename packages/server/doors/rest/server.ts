/**
 * The REST door: an HTTP server over the floor below. It parses, asks, and shapes answers, and owns no rule.
 *
 *     connection → headers within limits → guard (key, closing) → endpoint → floor → answer, or a problem
 *
 * fastify routes and reads messages; contents go past it, straight between socket and floor.
 */

import type { Server } from 'node:http'
import type { Socket } from 'node:net'
import { HoldfastError } from '@holdfast/core/wire/errors.ts'
import { type FastifyInstance, type FastifyRequest, fastify } from 'fastify'
import type { Logger } from 'pino'
import { type Clock, sleep } from '../../seams/clock.ts'
import type { Random } from '../../seams/random.ts'
import { endpoints } from './endpoints.ts'
import type { Floor } from './floor.ts'
import { Problems } from './http/answer-problem.ts'
import { Bodies } from './http/bodies.ts'
import { compressAnswers } from './http/compress-answer.ts'
import type { Endpoint } from './http/endpoint.ts'
import { type Authenticate, Gate } from './http/guard.ts'
import { mount } from './http/mount.ts'
import { answerClientError, writeProblem } from './http/raw-problem.ts'
import { requestIds } from './http/request-ids.ts'
import { targetOf } from './http/url.ts'
import {
  CLOSING_MS_MAX,
  CONNECTION_IDLE_MS_MAX,
  CONNECTIONS_MAX,
  CONNECTIONS_REFUSED_MAX,
  HEADER_BYTES_MAX,
  HEADERS_CHECK_MS,
  HEADERS_TIMEOUT_MS,
  JSON_BODY_BYTES_MAX,
  KEEP_ALIVE_TIMEOUT_MS,
} from './limits.ts'

/** How often connections that became idle are closed while the server closes. */
const CLOSING_TICK_MS = 100

export interface RestOptions {
  readonly floor: Floor
  readonly authenticate: Authenticate
  readonly log: Logger
  readonly clock: Clock
  readonly random: Random
  /** Of the program, for people. */
  readonly version: string
}

export class RestServer implements AsyncDisposable {
  readonly app: FastifyInstance
  readonly endpoints: readonly Endpoint[]
  readonly #gate: Gate
  readonly #clock: Clock

  private constructor(app: FastifyInstance, all: readonly Endpoint[], gate: Gate, clock: Clock) {
    this.app = app
    this.endpoints = all
    this.#gate = gate
    this.#clock = clock
  }

  static async open({ floor, authenticate, log, clock, random, version }: RestOptions): Promise<RestServer> {
    const gate = new Gate(authenticate, clock)
    const problems = new Problems(log, clock)
    const nextId = requestIds(random)
    const app = fastify({
      logger: false,
      genReqId: nextId,
      bodyLimit: JSON_BODY_BYTES_MAX,
      return503OnClosing: false,
      forceCloseConnections: 'idle',
      connectionTimeout: CONNECTION_IDLE_MS_MAX,
      keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
      // Node's own would cut long uploads: headers have a timeout, and bodies are watched.
      requestTimeout: 0,
      routerOptions: { maxParamLength: HEADER_BYTES_MAX, querystringParser: () => ({}) },
      http: {
        maxHeaderSize: HEADER_BYTES_MAX,
        headersTimeout: HEADERS_TIMEOUT_MS,
        connectionsCheckingInterval: HEADERS_CHECK_MS,
        requireHostHeader: false,
      },
      rewriteUrl: ({ url }) => targetOf(url ?? '/'),
      clientErrorHandler: (error, socket) => answerClientError(error, socket, nextId()),
      frameworkErrors: (error, request, reply) =>
        problems.answer(gate.check(request, 'file.read') ?? error, request, reply),
    })
    listenCarefully(app.server, nextId)
    app.decorateRequest('requester')
    compressAnswers(app)
    app.setErrorHandler((error, request, reply) => problems.answer(error, request, reply))
    app.addHook('onRequest', (request, _reply, done) =>
      done(request.is404 ? nowhere(gate.check(request, 'file.read'), request) : undefined),
    )
    const bodies = new Bodies(clock, () => floor.uploads.isCrowded)
    const all = endpoints(floor, { bodies, clock, gate, problems, version })
    await mount(app, all, (action, takesBody) => gate.guard(action, takesBody))
    await app.ready()
    return new RestServer(app, all, gate, clock)
  }

  /** Answers the port. Who listens beyond loopback does it behind TLS. */
  async listen(options: { readonly host: string; readonly port: number }): Promise<number> {
    await this.app.listen(options)
    const address = this.app.server.address()
    return typeof address === 'object' && address !== null ? address.port : options.port
  }

  /** Takes no more requests, lets those that run finish, and destroys what has not finished in time. */
  async close(): Promise<void> {
    this.#gate.close()
    const closed = this.app.close()
    const done = new AbortController()
    const end = (): void => done.abort()
    closed.then(end, end)
    await this.#closeConnections(done.signal)
    await closed
  }

  async #closeConnections(done: AbortSignal): Promise<void> {
    const untilMs = this.#clock.monotonicMs() + CLOSING_MS_MAX
    while (!done.aborted && this.#clock.monotonicMs() < untilMs) {
      this.app.server.closeIdleConnections()
      await sleep(this.#clock, CLOSING_TICK_MS, done).catch(() => {})
    }
    this.app.server.closeAllConnections()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}

/** An address that leads nowhere says so to who has a key; what the dashboard will have is open to all. */
function nowhere(refused: HoldfastError | undefined, { raw }: FastifyRequest): HoldfastError {
  const isOpen = raw.url?.startsWith('/ui/') ?? false
  return refused !== undefined && !isOpen ? refused : new HoldfastError('not_found', 'there is nothing at this address')
}

function listenCarefully(server: Server, nextId: () => string): void {
  // A client that asks first is invited by whoever reads its body, once there is room.
  server.on('checkContinue', (request, response) => server.emit('request', request, response))
  server.on('checkExpectation', (request) => {
    writeProblem(request.socket, new HoldfastError('bad_request', 'Expect is 100-continue or nothing'), nextId())
  })
  let open = 0
  server.maxConnections = CONNECTIONS_MAX + CONNECTIONS_REFUSED_MAX
  server.on('connection', (socket: Socket) => {
    open++
    socket.once('close', () => open--)
    if (open <= CONNECTIONS_MAX) return
    writeProblem(
      socket,
      new HoldfastError('overloaded', `${CONNECTIONS_MAX} connections are open; try again shortly`),
      nextId(),
    )
  })
}
