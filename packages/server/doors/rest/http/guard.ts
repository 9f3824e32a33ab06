/** What stands before every route: the server still serves, the headers are within their limits, and the key fits the action. */
import { HoldfastError } from '@holdfast/core/wire/errors.ts'
import type { FastifyRequest, onRequestHookHandler } from 'fastify'
import type { Requester } from '../../../files/requester.ts'
import type { Clock } from '../../../seams/clock.ts'
import { HEADERS_MAX } from '../limits.ts'
import { discardRest } from './discard-rest.ts'
import type { Action } from './endpoint.ts'
import { HeadersTooLargeError } from './problem.ts'

/** Who sent this Authorization header; undefined where nobody did that we know. */
export type Authenticate = (authorization: string | undefined) => Pick<Requester, 'principal'> | undefined

declare module 'fastify' {
  interface FastifyRequest {
    requester: Requester
  }
}

const ANONYMOUS = 'anonymous'

export class Gate {
  readonly #authenticate: Authenticate
  readonly #clock: Clock
  #isClosing = false
  #begun = 0

  constructor(authenticate: Authenticate, clock: Clock) {
    this.#authenticate = authenticate
    this.#clock = clock
  }

  /** Requests that began since the start. */
  get begun(): number {
    return this.#begun
  }

  /** From now on, every new request hears that the server goes. */
  close(): void {
    this.#isClosing = true
  }

  /** `takesBody` where the endpoint reads it; what nobody reads is not taken for ever. */
  guard(action: Action, takesBody: boolean): onRequestHookHandler {
    return (request, reply, done) => {
      if (this.#isClosing) reply.header('connection', 'close')
      const refused = this.check(request, action)
      if (refused === undefined && !takesBody) discardRest(request.raw, this.#clock)
      done(refused)
    }
  }

  /** Why the request may not go on. */
  check(request: FastifyRequest, action: Action): HoldfastError | undefined {
    this.#begun++
    const { headers, rawHeaders, httpVersionMinor } = request.raw
    if (this.#isClosing) return new HoldfastError('shutting_down', 'this server is shutting down; try again shortly')
    if (rawHeaders.length > 2 * HEADERS_MAX)
      return new HeadersTooLargeError(`a request has at most ${HEADERS_MAX} headers`)
    if (headers.host === undefined && httpVersionMinor === 1) return new HoldfastError('bad_request', 'Host is missing')
    if (action === 'open') {
      request.requester = { principal: ANONYMOUS, requestId: request.id }
      return undefined
    }
    const known = this.#authenticate(headers.authorization)
    if (known === undefined) return unauthorized(headers.authorization)
    request.requester = { principal: known.principal, requestId: request.id }
    return undefined
  }
}

function unauthorized(authorization: string | undefined): HoldfastError {
  const message =
    authorization === undefined
      ? 'this request needs a key: Authorization: Bearer KEY, with what stands in the file admin.key of the data directory'
      : 'the key in the Authorization header is not valid here'
  return new HoldfastError('unauthorized', message)
}
