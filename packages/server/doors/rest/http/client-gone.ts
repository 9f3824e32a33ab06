/** Learns that a client went away before it had its answer, so that nothing goes on for nobody. */

import type { ServerResponse } from 'node:http'
import { HoldfastError } from '@holdfast/core/wire/errors.ts'

export function goneSignal(response: ServerResponse): AbortSignal {
  const gone = new AbortController()
  response.once('close', () => {
    if (!response.writableFinished) gone.abort(clientGone())
  })
  if (response.destroyed) gone.abort(clientGone())
  return gone.signal
}

/** Nobody hears it; it says in the log why the work ended. */
export function clientGone(): HoldfastError {
  return new HoldfastError('bad_request', 'the client went away before the request was done')
}
