/** Answers whatever a handler threw, and keeps count. Nothing of a bug leaves the server but the request's id. */
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Logger } from 'pino'
import type { Clock } from '../../../seams/clock.ts'
import { discardRest } from './discard-rest.ts'
import { messageBytes } from './endpoint.ts'
import { refusedMediaType } from './media-type.ts'
import { expected, problemHeaders, problemOf } from './problem.ts'

export class Problems {
  readonly #log: Logger
  readonly #clock: Clock
  readonly #counts = new Map<string, number>()

  constructor(log: Logger, clock: Clock) {
    this.#log = log
    this.#clock = clock
  }

  /** How many of each code were answered since the start; the codes are a closed union, so there are few. */
  get counts(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#counts)
  }

  answer(thrown: unknown, request: FastifyRequest, reply: FastifyReply): void {
    const problem = problemOf(refusedMediaType(thrown, request) ?? expected(thrown), request.id)
    this.note(thrown, request, problem.code, problem.status)
    this.discardRest(request)
    reply.code(problem.status).headers(problemHeaders(problem)).send(messageBytes(problem))
  }

  /** For a request that is answered although its body was not read to its end. */
  discardRest({ raw }: FastifyRequest): void {
    discardRest(raw, this.#clock)
  }

  /** For an answer that had begun: its connection was destroyed, and only the log and the count tell. */
  note(thrown: unknown, { id, method, raw, requester }: FastifyRequest, code: string, status: number): void {
    this.#counts.set(code, (this.#counts.get(code) ?? 0) + 1)
    const path = (raw.url ?? '').split('?', 1)[0]
    const line = { reqId: id, principal: requester?.principal, method, path, code, status }
    if (status >= 500) this.#log.error({ ...line, err: thrown }, 'a request failed')
    else this.#log.debug(line, 'a request was refused')
  }
}
