/**
 * Sends pieces as fast as the client takes them: at most one is held beyond what the socket took. If a piece cannot be had, or the
 * client went away, the connection is destroyed, for a damaged body never ends cleanly.
 */

import type { ServerResponse } from 'node:http'
import { assert } from '@holdfast/core/wire/assert.ts'
import { freeBytes } from '../../../seams/free-bytes.ts'
import { clientGone } from './client-gone.ts'

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
      await written(response, piece, signal)
      freeBytes(piece)
    }
    assert(sentBytes === lengthBytes, 'a body is as long as its headers say')
    response.end()
  } catch (error) {
    response.destroy()
    throw error
  }
}

/** Resolves when the system has all of the piece, so that nothing of it is read here any more. */
function written(response: ServerResponse, piece: Uint8Array, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason)
    signal.addEventListener('abort', onAbort, { once: true })
    response.write(piece, (error) => {
      signal.removeEventListener('abort', onAbort)
      if (error) reject(clientGone())
      else resolve()
    })
  })
}
