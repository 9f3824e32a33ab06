/**
 * Sends pieces as fast as the client takes them: at most one is held beyond what the socket took. If a piece cannot be had, or the
 * client went away, the connection is destroyed, for a damaged body never ends cleanly.
 */

import type { ServerResponse } from 'node:http'
import { assert } from '@holdfast/core/wire/assert.ts'

/** The headers are written before, with the length that is checked here. The signal is the client's going away. */
export async function sendPieces(
  response: ServerResponse,
  pieces: AsyncIterable<Uint8Array>,
  lengthBytes: number,
  signal: AbortSignal,
): Promise<void> {
  try {
    let sentBytes = 0
    for await (const piece of pieces) {
      signal.throwIfAborted()
      sentBytes += piece.length
      assert(sentBytes <= lengthBytes, 'a body is no longer than its headers say')
      if (!response.write(piece)) await drained(response, signal)
    }
    assert(sentBytes === lengthBytes, 'a body is as long as its headers say')
    response.end()
  } catch (error) {
    response.destroy()
    throw error
  }
}

function drained(response: ServerResponse, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason)
    const onDrain = (): void => {
      signal.removeEventListener('abort', onAbort)
      resolve()
    }
    const onAbort = (): void => {
      response.off('drain', onDrain)
      reject(signal.reason)
    }
    response.once('drain', onDrain)
    signal.addEventListener('abort', onAbort, { once: true })
  })
}
