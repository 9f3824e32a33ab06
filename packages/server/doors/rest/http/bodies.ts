/**
 * Bodies on their way in: how many at once, how fast, and the invitation to send them. A client that asks first
 * (`Expect: 100-continue`) hears `continue` only when there is room, so that what is refused is never sent.
 */

import type { IncomingMessage, ServerResponse } from 'node:http'
import { HoldfastError } from '@holdfast/core/wire/errors.ts'
import type { Clock } from '../../../seams/clock.ts'
import { BODIES_IN_FLIGHT_MAX } from '../limits.ts'
import { BodyPace } from './body-pace.ts'

export class Bodies {
  readonly pace: BodyPace
  #inFlight = 0

  constructor(clock: Clock, isCrowded: () => boolean) {
    this.pace = new BodyPace(clock, isCrowded)
  }

  get inFlight(): number {
    return this.#inFlight
  }

  /** @throws overloaded */
  async receive<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.#inFlight >= BODIES_IN_FLIGHT_MAX) {
      throw new HoldfastError('overloaded', `${BODIES_IN_FLIGHT_MAX} uploads are in flight; try again shortly`)
    }
    this.#inFlight++
    try {
      return await work()
    } finally {
      this.#inFlight--
    }
  }
}

function isAskingFirst({ headers }: IncomingMessage): boolean {
  return headers.expect !== undefined && headers.expect.toLowerCase() === '100-continue'
}

/** To be called once per request, when its body may come. */
export function invite(request: IncomingMessage, response: ServerResponse): void {
  if (isAskingFirst(request) && !response.headersSent) response.writeContinue()
}
